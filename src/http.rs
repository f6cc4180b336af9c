//! One HTTP client for everything that calls out: adapters, the simulator's callbacks, and the
//! commands `submit` and `status`. Bounded in time and in what it reads; never follows a
//! redirect, because whoever answers for an authority has to be the one that was configured.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::fault::{Fault, Retry};

/// What a client may cost.
#[derive(Debug, Clone)]
pub struct Settings {
    /// PEM certificates to trust instead of the system's: an authority's or the demo's own CA.
    pub ca: Option<Vec<u8>>,
    /// Bytes of an answer's body. An answer is a few kilobytes; a peer that sends more is
    /// broken or hostile.
    pub body_bytes_max: usize,
    /// From the first byte sent to the last received. Beyond a minute an operator would
    /// rather see a retry than a wait.
    pub timeout: Duration,
    /// For the TCP connection: far peers answer within a second or two, or not at all.
    pub connect_timeout: Duration,
    /// Kept connections are closed after this long without use, before usual peers do it.
    pub idle_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            ca: None,
            body_bytes_max: 1 << 20,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// At most [`Settings::body_bytes_max`].
    pub body: Bytes,
}

impl Response {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A client with reused connections; cheap to clone.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    body_bytes_max: usize,
    timeout: Duration,
}

impl Client {
    /// A client that speaks http and https.
    ///
    /// # Errors
    /// A fault of the operator when `ca` is not a PEM certificate.
    pub fn new(settings: &Settings) -> Result<Client, Fault> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(settings.ca.as_deref())?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            .build(connector);
        Ok(Client {
            pool,
            body_bytes_max: settings.body_bytes_max,
            timeout: settings.timeout,
        })
    }

    /// Sends one request and reads the whole answer, whatever its status code.
    ///
    /// # Errors
    /// A fault when nothing usable came back. `Retry::Never` only for a request that cannot be
    /// built; everything on the network may pass.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response, Fault> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| Fault::operator(format!("cannot build {method} {url}: {error}")))?;
        match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(result) => result.map_err(|fault| fault.while_doing(format_args!("{method} {url}"))),
            Err(_) => Err(later(format!(
                "{method} {url}: no answer within {:?}",
                self.timeout
            ))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response, Fault> {
        let response = self
            .pool
            .request(request)
            .await
            .map_err(|error| later(causes(&error)))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, self.body_bytes_max)
            .collect()
            .await
            .map_err(|error| later(format!("reading the answer: {}", causes(error.as_ref()))))?;
        let headers = parts.headers.iter();
        Ok(Response {
            status: parts.status.as_u16(),
            headers: headers
                .map(|(name, value)| {
                    (
                        name.as_str().to_owned(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: body.to_bytes(),
        })
    }
}

fn tls(ca: Option<&[u8]>) -> Result<rustls::ClientConfig, Fault> {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    match ca {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                certificate
                    .map_err(|error| error.to_string())
                    .and_then(|certificate| {
                        roots.add(certificate).map_err(|error| error.to_string())
                    })
                    .map_err(|error| {
                        Fault::operator(format!("the CA certificate to trust: {error}"))
                    })?;
            }
            if roots.is_empty() {
                return Err(Fault::operator(
                    "the CA file to trust holds no PEM certificate",
                ));
            }
        }
        // A machine without a certificate store can still speak plain http on loopback.
        None => _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    }
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::ours(format!("TLS versions: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn later(why: String) -> Fault {
    Fault::authority(Retry::Later, why)
}

/// An error and everything that caused it, in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The `charset` parameter of a content type.
pub fn charset(content_type: Option<&str>) -> Option<String> {
    let parameters = content_type?.split(';').skip(1);
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let value = value.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// The content type of XML whose `charset` is known.
pub fn xml_type(charset: Option<&str>) -> String {
    match charset {
        Some(charset) => format!("application/xml; charset={charset}"),
        None => "application/xml".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charset_of_a_content_type() {
        let table = [
            (None, None),
            (Some("application/xml"), None),
            (Some("application/xml; charset=GBK"), Some("GBK")),
            (
                Some("text/xml;boundary=x; Charset=\"utf-8\""),
                Some("utf-8"),
            ),
        ];
        for (content_type, expected) in table {
            assert_eq!(
                charset(content_type).as_deref(),
                expected,
                "{content_type:?}"
            );
        }
    }
}
