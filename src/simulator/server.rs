//! The simulator's HTTP server and its callbacks.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::clock;
use crate::declaration::{Id, Timestamp};
use crate::family::Catalogue;
use crate::fault::{Fault, Retry};
use crate::http::Client;
use crate::telemetry;
use crate::xml;

use super::answers::Taken;
use super::{Settings, script};

/// A running simulator. Dropping it stops it.
pub struct Simulator {
    address: SocketAddr,
    state: Arc<State>,
    server: tokio::task::JoinHandle<()>,
}

struct State {
    settings: Settings,
    catalogue: Arc<Catalogue>,
    limits: xml::Limits,
    client: Client,
    book: Mutex<Book>,
}

/// Status code and text of an answer to something that is not taken.
type Refusal = (StatusCode, &'static str);

/// What the authority remembers.
#[derive(Default)]
struct Book {
    /// Import answers by dispatch: the same dispatch gets the same answer.
    taken: HashMap<Id, (Taken, Timestamp)>,
    /// Every dispatch that arrived, repetitions included.
    arrivals: u64,
    /// Dispatches whose callbacks are still on their way.
    open: usize,
}

impl Simulator {
    /// Starts listening; call inside a tokio runtime.
    ///
    /// # Errors
    /// A fault of the operator when the address is taken or the CA is not one.
    pub async fn start(settings: Settings, catalogue: Arc<Catalogue>) -> Result<Simulator, Fault> {
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            Fault::operator(format!(
                "the simulator cannot listen on {}: {error}",
                settings.listen
            ))
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Fault::ours(error.to_string()))?;
        let client = Client::new(&crate::http::Settings {
            ca: settings.ca.clone(),
            ..Default::default()
        })?;
        let state = Arc::new(State {
            settings,
            catalogue,
            limits: xml::Limits::default(),
            client,
            book: Mutex::new(Book::default()),
        });
        let server = tokio::spawn(serve(listener, state.clone()));
        Ok(Simulator {
            address,
            state,
            server,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many different dispatches it took, and how many arrived with repetitions.
    pub fn counts(&self) -> (usize, u64) {
        let book = self.state.book();
        (book.taken.len(), book.arrivals)
    }

    /// Whether it took a dispatch.
    pub fn took(&self, dispatch: Id) -> bool {
        self.state.book().taken.contains_key(&dispatch)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // Tasks live in sets owned by this one, so that stopping the server stops all of them.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => _ = connections.spawn(connection(stream, state.clone())),
                // Out of descriptors, most likely: let some close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let callbacks = Arc::new(Mutex::new(JoinSet::new()));
    let service = service_fn(|request| {
        let (state, callbacks) = (state.clone(), callbacks.clone());
        async move { Ok::<_, Infallible>(answer(request, state, &callbacks).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        telemetry::simulator_connection_failed(&error);
    }
    // The gateway may hang up long before the last answer is due.
    let mut callbacks =
        std::mem::take(&mut *callbacks.lock().unwrap_or_else(PoisonError::into_inner));
    while callbacks.join_next().await.is_some() {}
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
    callbacks: &Mutex<JoinSet<()>>,
) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "POST a message");
    }
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let token = header(AUTHORIZATION.as_str()).unwrap_or_default();
    if !state.settings.token.is_empty() && token != format!("Bearer {}", state.settings.token) {
        return plain(StatusCode::UNAUTHORIZED, "an unknown gateway");
    }
    let Some(dispatch) = header("tongguan-dispatch").and_then(|id| id.parse::<Id>().ok()) else {
        return plain(
            StatusCode::BAD_REQUEST,
            "a dispatch needs a Tongguan-Dispatch header",
        );
    };
    let callback = header("tongguan-callback").unwrap_or_default();
    let body = Limited::new(request.into_body(), state.settings.body_bytes_max);
    let Ok(body) = body.collect().await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the message is too long or was cut off",
        );
    };
    let now = clock::now();
    match state.take(dispatch, &body.to_bytes(), now) {
        Ok((taken, at, first)) => {
            if first && !callback.is_empty() {
                let follow = state.clone().follow(taken.clone(), callback);
                let mut callbacks = callbacks.lock().unwrap_or_else(PoisonError::into_inner);
                callbacks.spawn(follow);
                // What has ended is forgotten, so that a kept connection does not collect it.
                while callbacks.try_join_next().is_some() {}
            }
            let mut response = Response::new(Full::from(taken.import_answer(at)));
            let xml = hyper::header::HeaderValue::from_static("application/xml; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, xml);
            response
        }
        Err((status, text)) => plain(status, text),
    }
}

impl State {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a message down; the flag says whether this is its first arrival.
    fn take(
        &self,
        dispatch: Id,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(Taken, Timestamp, bool), Refusal> {
        {
            let mut book = self.book();
            book.arrivals += 1;
            if let Some((taken, at)) = book.taken.get(&dispatch) {
                return Ok((taken.clone(), *at, false));
            }
            if book.open >= self.settings.open_max {
                return Err((
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many open declarations",
                ));
            }
        }
        let checked = self.catalogue.check(body, None, &self.limits);
        let Some(message) = checked.message.filter(|_| !checked.findings.refuse()) else {
            return Err((
                StatusCode::UNPROCESSABLE_ENTITY,
                "not a message of a known family",
            ));
        };
        let taken = Taken::new(dispatch, &message);
        let mut book = self.book();
        // Two arrivals at the same moment: whoever notes it down first has the effect.
        let first = !book.taken.contains_key(&dispatch);
        if first {
            book.taken.insert(dispatch, (taken.clone(), now));
            book.open += 1;
        }
        Ok((taken, now, first))
    }

    /// Sends the business answers one after another.
    async fn follow(self: Arc<State>, taken: Taken, callback: String) {
        for step in script::steps(&taken) {
            tokio::time::sleep(self.settings.step).await;
            let body = Bytes::from(taken.business_answer(*step, clock::now()));
            if let Err(fault) = self.call_back(&callback, body).await {
                telemetry::simulator_callback_failed(&taken.reference, step.code, &fault);
                break;
            }
        }
        self.book().open -= 1;
    }

    /// Hands over one answer, again and again until the gateway takes it.
    async fn call_back(&self, callback: &str, body: Bytes) -> Result<(), Fault> {
        let bearer = format!("Bearer {}", self.settings.callback_token);
        let headers = [
            ("content-type", "application/xml"),
            ("authorization", bearer.as_str()),
        ];
        let mut wait = Duration::from_millis(50);
        let mut last = Fault::authority(Retry::Later, "no attempt was made");
        for _ in 0..self.settings.callback_attempts_max {
            match self
                .client
                .send("POST", callback, &headers, body.clone())
                .await
            {
                Ok(response) if response.status / 100 == 2 => return Ok(()),
                Ok(response) => {
                    last = Fault::authority(
                        Retry::Later,
                        format!("the gateway answered {}", response.status),
                    );
                }
                Err(fault) => last = fault,
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
        Err(last)
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
