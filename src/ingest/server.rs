//! Accepts connections within limits, shakes hands, and speaks HTTP/1.1 or HTTP/2 on them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::fault::Fault;
use crate::pipeline::Handle;
use crate::telemetry;

use super::Settings;
use super::cursor::Cursors;
use super::keys::Keys;
use super::reply;
use super::routes::{Desk, answer};

/// Headers of one request.
const HEADERS_MAX: usize = 64;

/// Bytes of a request's head. Keys and cursors are short; more is not meant for us.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// An HTTP/2 peer that does not answer a ping within the time-out is gone.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The traders' door, open.
pub struct Server {
    address: SocketAddr,
    stop_wait: Duration,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    room: Arc<Semaphore>,
    connections_max: u32,
}

impl Server {
    /// Starts listening; call inside a tokio runtime.
    ///
    /// # Errors
    /// A fault of the operator when the address is taken.
    pub async fn start(
        settings: &Settings,
        tls: Arc<ServerConfig>,
        keys: Keys,
        secret: &[u8; 32],
        families: Bytes,
        pipeline: Handle,
    ) -> Result<Server, Fault> {
        let taken = |error| {
            Fault::operator(format!(
                "ingest.listen: cannot listen on {}: {error}",
                settings.listen
            ))
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let desk = Arc::new(Desk {
            keys,
            cursors: Cursors::new(secret),
            pipeline,
            families,
            requests: Semaphore::new(settings.requests_max),
            by_trader: std::sync::Mutex::default(),
            settings: settings.clone(),
        });
        let (stop, stopping) = watch::channel(false);
        let room = Arc::new(Semaphore::new(settings.connections_max as usize));
        let acceptor = TlsAcceptor::from(tls);
        let task = tokio::spawn(accept(listener, acceptor, desk, room.clone(), stopping));
        Ok(Server {
            address,
            stop_wait: settings.stop_wait_s,
            stop,
            task,
            room,
            connections_max: settings.connections_max,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more and waits until what is under way has been answered.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        _ = self.task.await;
        let ended = self.room.acquire_many(self.connections_max);
        if tokio::time::timeout(self.stop_wait, ended).await.is_err() {
            telemetry::ingest_cut_off();
        }
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    desk: Arc<Desk>,
    room: Arc<Semaphore>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        // Without room nothing is accepted: the system's own queue holds a few, then peers wait.
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit,
            _ = stopping.changed() => return,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        match (accepted, permit) {
            (Ok((stream, _)), Ok(permit)) => {
                let (acceptor, desk, stopping) = (acceptor.clone(), desk.clone(), stopping.clone());
                tokio::spawn(async move {
                    connection(stream, acceptor, desk, stopping).await;
                    drop(permit);
                });
            }
            (Err(error), _) => {
                // Out of descriptors, most likely: let some close.
                telemetry::ingest_accept_failed(&error);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (_, Err(_)) => return,
        }
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    desk: Arc<Desk>,
    mut stopping: watch::Receiver<bool>,
) {
    _ = stream.set_nodelay(true);
    let shaken =
        tokio::time::timeout(desk.settings.handshake_timeout_s, acceptor.accept(stream)).await;
    let Ok(Ok(stream)) = shaken else {
        telemetry::ingest_handshake_failed();
        return;
    };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let activity = Arc::new(Activity::default());
    let service = service_fn(|request| {
        let (desk, activity) = (desk.clone(), activity.clone());
        async move {
            let _busy = activity.begin();
            let id = uuid::Uuid::now_v7().to_string();
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let mut response = answer(&desk, request).await;
            if method == hyper::Method::HEAD {
                response = reply::head(response);
            }
            let name = hyper::header::HeaderName::from_static("request-id");
            reply::set(&mut response, name, &id);
            telemetry::ingest_answered(&id, method.as_str(), &path, response.status().as_u16());
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(&desk.settings, http2);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let idle_max = desk.settings.header_timeout_s;
    let result = tokio::select! {
        result = served.as_mut() => result,
        _ = stopping.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
        () = activity.idle(idle_max) => {
            served.as_mut().graceful_shutdown();
            // A peer that does not take its leave is left.
            let leave = tokio::time::timeout(idle_max, served);
            leave.await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        telemetry::ingest_connection_failed(&*error);
    }
}

/// Knows since when a connection has no request under way. HTTP/2 needs it: its pings keep a
/// connection without requests alive for ever.
struct Activity {
    under_way: AtomicU64,
    last: Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Activity {
        Activity {
            under_way: AtomicU64::new(0),
            last: Mutex::new(Instant::now()),
        }
    }
}

impl Activity {
    fn begin(&self) -> Busy<'_> {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        Busy(self)
    }

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when nothing has been under way for `long`.
    async fn idle(&self, long: Duration) {
        loop {
            if self.under_way.load(Ordering::SeqCst) == 0 && self.last().elapsed() >= long {
                return;
            }
            let since = self.last().elapsed();
            let wait = long.saturating_sub(since).max(Duration::from_millis(50));
            tokio::time::sleep(wait.min(long)).await;
        }
    }
}

struct Busy<'a>(&'a Activity);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Instant::now();
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One version only: the one that was agreed on, so that no byte is waited for without a
/// time-out.
fn builder(settings: &Settings, http2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout_s)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX.max(64 << 10));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.streams_max)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_pending_accept_reset_streams(20);
    if http2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    }
}
