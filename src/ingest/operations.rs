//! The operators' door: plain HTTP on a listener of its own, for health checks, metrics and the
//! log with its entries.
//! It belongs on loopback or on a network that only operators reach.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::fault::Fault;
use crate::finding::Language;
use crate::pipeline::Handle;
use crate::telemetry;

use super::log::{self, Door};
use super::reply;

/// Limits of the operators' door.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 9443)),
        }
    }
}

/// Connections at once: a few probes and a scraper.
const CONNECTIONS_MAX: usize = 64;

/// A request's head has to be complete after this.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The running door.
pub struct Server {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Starts listening; call inside a tokio runtime.
    ///
    /// # Errors
    /// A fault of the operator when the address is taken.
    pub async fn start(settings: &Settings, pipeline: Handle) -> Result<Server, Fault> {
        let taken = |error| {
            Fault::operator(format!(
                "operations.listen: cannot listen on {}: {error}",
                settings.listen
            ))
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(listener, pipeline, stopping.clone()));
        Ok(Server {
            address,
            stopping,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on `/readyz` says no: the gateway is stopping.
    pub fn not_ready(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Stops listening.
    pub fn stop(self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, pipeline: Handle, stopping: Arc<AtomicBool>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (pipeline, stopping) = (pipeline.clone(), stopping.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (pipeline, stopping) = (&pipeline, stopping.load(Ordering::Acquire));
                async move { Ok::<_, Infallible>(respond(&request, pipeline, stopping).await) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT);
            // A probe that hangs up is no event.
            _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(permit);
        });
    }
}

async fn respond<B>(
    request: &Request<B>,
    pipeline: &Handle,
    stopping: bool,
) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "GET\n".to_owned());
    }
    let path = request.uri().path();
    if let Some(path) = path.strip_prefix("/log/") {
        let query = request.uri().query().unwrap_or("");
        return match log::piece(pipeline, Door::Operators, path, query).await {
            Ok(piece) => reply::log(piece, Language::En),
            Err(fault) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
        };
    }
    match path {
        "/livez" => plain(StatusCode::OK, "alive\n".to_owned()),
        "/readyz" => match pipeline.ready() {
            Ok(()) if !stopping => plain(StatusCode::OK, "ready\n".to_owned()),
            Ok(()) => plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
            Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        },
        "/metrics" => {
            let (inbox, intake) = pipeline.depths();
            telemetry::pipeline_depths(inbox, intake);
            plain(StatusCode::OK, telemetry::render())
        }
        _ => plain(
            StatusCode::NOT_FOUND,
            "/livez /readyz /metrics /log/\n".to_owned(),
        ),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}
