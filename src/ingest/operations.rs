//! The operators' door: plain HTTP on a listener of its own, for health checks, metrics and the
//! log with its entries. It belongs on loopback or on a network that only operators reach. It
//! opens before everything else, so that somebody can be told how far a long start has come.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
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

/// The running door. It listens until this is dropped.
pub struct Server {
    address: SocketAddr,
    stage: Stage,
    task: tokio::task::JoinHandle<()>,
}

/// Where the gateway stands, for whoever changes it.
#[derive(Clone)]
pub struct Stage(Arc<Mutex<At>>);

enum At {
    /// What it does before it is ready.
    Starting(String),
    Running(Handle),
    Stopping(Handle),
}

impl Stage {
    /// What the gateway does at the moment; `/readyz` says so, and no.
    pub fn starting(&self, what: impl std::fmt::Display) {
        self.set(At::Starting(what.to_string()));
    }

    /// From now on the pipeline says whether it is ready.
    pub fn running(&self, pipeline: Handle) {
        self.set(At::Running(pipeline));
    }

    /// From now on `/readyz` says no: the gateway is stopping.
    pub fn stopping(&self) {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let At::Running(pipeline) = &*at {
            *at = At::Stopping(pipeline.clone());
        }
    }

    fn set(&self, at: At) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Why the gateway is not ready, if it is not.
    fn ready(&self) -> Result<(), String> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            At::Starting(what) => Err(what.clone()),
            At::Running(pipeline) => pipeline.ready(),
            At::Stopping(_) => Err("stopping".to_owned()),
        }
    }

    /// The pipeline, once there is one.
    fn pipeline(&self) -> Option<Handle> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            At::Starting(_) => None,
            At::Running(pipeline) | At::Stopping(pipeline) => Some(pipeline.clone()),
        }
    }
}

impl Server {
    /// Starts listening; call inside a tokio runtime.
    ///
    /// # Errors
    /// A fault of the operator when the address is taken.
    pub async fn start(settings: &Settings) -> Result<Server, Fault> {
        let taken = |error| {
            Fault::operator(format!(
                "operations.listen: cannot listen on {}: {error}",
                settings.listen
            ))
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let stage = Stage(Arc::new(Mutex::new(At::Starting("starting".to_owned()))));
        let task = tokio::spawn(serve(listener, stage.clone()));
        Ok(Server {
            address,
            stage,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says of the gateway.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, stage: Stage) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let stage = stage.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let stage = &stage;
                async move { Ok::<_, Infallible>(respond(&request, stage).await) }
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

async fn respond<B>(request: &Request<B>, stage: &Stage) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "GET\n".to_owned());
    }
    let path = request.uri().path();
    if let Some(path) = path.strip_prefix("/log/") {
        let Some(pipeline) = stage.pipeline() else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n".to_owned());
        };
        let query = request.uri().query().unwrap_or("");
        return match log::piece(&pipeline, Door::Operators, path, query).await {
            Ok(piece) => reply::log(piece, Language::En),
            Err(fault) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
        };
    }
    match path {
        "/livez" => plain(StatusCode::OK, "alive\n".to_owned()),
        "/readyz" => match stage.ready() {
            Ok(()) => plain(StatusCode::OK, "ready\n".to_owned()),
            Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        },
        "/metrics" => {
            if let Some(pipeline) = stage.pipeline() {
                let (inbox, intake) = pipeline.depths();
                telemetry::pipeline_depths(inbox, intake);
            }
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
