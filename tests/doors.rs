//! Every limit of the traders' door crossed from outside, over TLS on loopback: what the caller
//! sees, and that the next one is served.

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use support::{Trader, config, customs, goods, json, problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tongguan::config::Config;
use tongguan::gateway::{self, Gateway};
use tongguan::ingest::keys;
use tongguan::simulator::Simulator;

struct Door {
    config: Config,
    gateway: Gateway,
    trader: Trader,
    _customs: Simulator,
}

async fn door(folder: &Path, change: impl FnOnce(&mut Config)) -> Door {
    let mut config = config(folder);
    let customs = customs(&mut config, "").await;
    change(&mut config);
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    Door {
        config,
        gateway,
        trader,
        _customs: customs,
    }
}

impl Door {
    /// A TLS connection that speaks what it is told to.
    async fn connect(&self, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        connect(&self.config, self.gateway.address(), alpn).await
    }

    /// A request's head with the trader's key, the last empty line left to the caller.
    fn head(&self, line: &str, more: &str) -> String {
        let bearer = &self.trader.bearer;
        format!("{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: {bearer}\r\n{more}")
    }

    /// Whatever happened, the next one is served and nothing was recorded; then it closes.
    async fn close(self, recorded: usize) {
        let list = self.trader.get("/v1/declarations").await;
        assert_eq!(list.status, 200);
        let list = json(&list)["declarations"]
            .as_array()
            .expect("a list")
            .len();
        assert_eq!(list, recorded);
        self.gateway.stop().await.expect("stops");
    }
}

async fn connect(
    config: &Config,
    address: SocketAddr,
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    let ca = gateway::development_ca(config).expect("a CA");
    for certificate in CertificateDer::pem_slice_iter(&ca) {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    tokio_rustls::TlsConnector::from(Arc::new(tls))
        .connect(name, stream)
        .await
}

/// Everything until the gateway hangs up, within half a minute.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    match tokio::time::timeout(Duration::from_secs(30), read).await {
        // A connection that is cut without a goodbye is also ended.
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => panic!("the gateway did not hang up; so far: {bytes:?}"),
    }
}

/// The status codes of the HTTP/1.1 responses in a text.
fn statuses(text: &str) -> Vec<u16> {
    let codes = text.split("HTTP/1.1 ").skip(1);
    codes
        .filter_map(|rest| rest.get(..3)?.parse().ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_idle_connections_are_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |config| {
        config.ingest.header_timeout_s = Duration::from_millis(300);
        config.ingest.body_timeout_s = Duration::from_millis(600);
    })
    .await;
    let get = door.head("GET /v1/families", "\r\n");
    let post = door.head(
        "POST /v1/validations",
        "content-type: application/xml\r\ncontent-length: 50\r\n\r\n<a>",
    );
    let table: [(&str, &str, &[u16]); 4] = [
        ("nothing", "", &[]),
        ("half a head", &get[..30], &[]),
        ("a request and then nothing", &get, &[200]),
        ("half a body", &post, &[408]),
    ];
    for (what, bytes, expected) in table {
        let mut stream = door.connect(&["http/1.1"]).await.expect("connects");
        stream.write_all(bytes.as_bytes()).await.expect("sends");
        let said = rest(&mut stream).await;
        let mut found = statuses(&said);
        // A head that is not complete in time may be told so.
        if expected.is_empty() {
            found.retain(|status| *status != 408);
        }
        assert_eq!(found, expected, "{what}: {said}");
    }
    // HTTP/2: the preface, SETTINGS, and then nothing.
    let mut stream = door.connect(&["h2"]).await.expect("connects");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.expect("sends");
    rest(&mut stream).await;
    door.close(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |config| {
        config.ingest.body_rate_min = 1_000_000
    })
    .await;
    let mut stream = door.connect(&["http/1.1"]).await.expect("connects");
    let head = door.head(
        "POST /v1/declarations",
        "content-type: application/xml\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    stream.write_all(head.as_bytes()).await.expect("sends");
    let (mut reader, mut writer) = tokio::io::split(stream);
    let trickle = tokio::spawn(async move {
        while writer.write_all(b"1\r\n<\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let said = rest(&mut reader).await;
    assert_eq!(statuses(&said), [408], "{said}");
    trickle.abort();
    door.close(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |config| {
        config.ingest.body_bytes_max = 1000;
        config.ingest.header_timeout_s = Duration::from_secs(2);
    })
    .await;
    let post = |more: &str| {
        door.head(
            "POST /v1/validations",
            &format!("content-type: application/xml\r\n{more}"),
        )
    };
    let many: String = (0..80).map(|number| format!("x-{number}: 1\r\n")).collect();
    let long = "x".repeat(200_000);
    let table: Vec<(&str, String, &[u16])> = vec![
        (
            "a body by its length",
            post("content-length: 1001\r\n\r\n"),
            &[413],
        ),
        (
            "a body in chunks",
            post(&format!(
                "transfer-encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
                "x".repeat(1001)
            )),
            &[413],
        ),
        (
            "a body without an end",
            post("transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
            &[408, 413],
        ),
        (
            "headers",
            door.head("GET /v1/families", &format!("{many}\r\n")),
            &[431],
        ),
        (
            "a head",
            door.head("GET /v1/families", &format!("x: {long}\r\n\r\n")),
            &[431],
        ),
        (
            "a path",
            door.head(&format!("GET /{long}"), "\r\n"),
            &[414, 431],
        ),
        (
            "two lengths",
            post("content-length: 3\r\ncontent-length: 4\r\n\r\n<a/>"),
            &[400],
        ),
        (
            "length and chunks",
            post("content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            "a chunk of no size",
            post("transfer-encoding: chunked\r\n\r\nxyz\r\n<a/>\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            "a coding unheard of",
            post("transfer-encoding: rot13\r\n\r\n"),
            &[400, 501],
        ),
        ("not HTTP", "\0\0\0\0\r\n\r\n".to_owned(), &[400]),
    ];
    for (what, bytes, expected) in table {
        let mut stream = door.connect(&["http/1.1"]).await.expect("connects");
        // The gateway may hang up before it has taken everything.
        _ = stream.write_all(bytes.as_bytes()).await;
        let said = rest(&mut stream).await;
        let found = statuses(&said);
        assert!(
            found.len() == 1 && expected.contains(&found[0]),
            "{what}: {found:?} {said:.200}"
        );
    }
    // A window of 128 MiB for three bytes.
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).expect("an encoder");
    encoder.window_log(27).expect("a window");
    std::io::Write::write_all(&mut encoder, b"<a/>").expect("compresses");
    let frame = Bytes::from(encoder.finish().expect("compresses"));
    let answer = door.trader.send(
        "POST",
        "/v1/validations",
        &[("content-encoding", "zstd")],
        frame,
    );
    let answer = answer.await;
    assert_eq!(
        (answer.status, problem(&answer).as_str()),
        (400, "compression")
    );
    door.close(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_requests_have_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |config| {
        config.ingest.requests_max = 3;
        config.ingest.requests_per_trader_max = 2;
    })
    .await;
    let other = Trader::new(&door.config, &door.gateway, "other");
    let third = Trader::new(&door.config, &door.gateway, "third");
    // Requests under way: the head is there, `100 Continue` says that the body is waited for.
    let begin = async |bearer: &str| {
        let mut stream = door.connect(&["http/1.1"]).await.expect("connects");
        let head = format!(
            "POST /v1/declarations HTTP/1.1\r\nhost: localhost\r\nauthorization: {bearer}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            goods("BJ2026030100077000").len()
        );
        stream.write_all(head.as_bytes()).await.expect("sends");
        let mut line = [0; 25];
        stream
            .read_exact(&mut line)
            .await
            .expect("an interim answer");
        assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream
    };
    let mut first = begin(&door.trader.bearer).await;
    let second = begin(&door.trader.bearer).await;
    let many = door.trader.get("/v1/families").await;
    assert_eq!(
        (many.status, problem(&many).as_str()),
        (429, "too-many-requests")
    );
    assert!(many.header("retry-after").is_some());
    assert_eq!(other.get("/v1/families").await.status, 200);
    let of_other = begin(&other.bearer).await;
    let busy = third.get("/v1/families").await;
    assert_eq!((busy.status, problem(&busy).as_str()), (503, "busy"));
    assert!(busy.header("retry-after").is_some());
    // One hangs up in the middle, one is completed; both make room.
    drop((second, of_other));
    first
        .write_all(&goods("BJ2026030100077000"))
        .await
        .expect("sends");
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 202");
    while third.get("/v1/families").await.status == 503 {}
    while other.get("/v1/declarations").await.status == 503 {}
    assert_eq!(
        json(&other.get("/v1/declarations").await)["declarations"],
        serde_json::json!([])
    );
    drop(first);
    while door.trader.get("/v1/families").await.status != 200 {}
    door.close(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many_waits_for_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |config| config.ingest.connections_max = 2).await;
    let first = door.connect(&["http/1.1"]).await.expect("connects");
    let _second = door.connect(&["http/1.1"]).await.expect("connects");
    let (config, address) = (door.config.clone(), door.gateway.address());
    let mut third = tokio::spawn(async move { connect(&config, address, &["http/1.1"]).await });
    // The system takes the connection; nobody shakes hands on it while both places are held.
    let waits = tokio::time::timeout(Duration::from_millis(300), &mut third).await;
    assert!(waits.is_err(), "a third connection was served");
    drop(first);
    third.await.expect("a task").expect("there is room now");
    drop(_second);
    door.close(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_says_its_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |config| config.ingest.streams_max = 7).await;
    let mut stream = door.connect(&["h2"]).await.expect("connects");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.expect("sends");
    // Its first frame is SETTINGS: pairs of a number and a value.
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.expect("a frame");
    assert_eq!(head[3], 4, "SETTINGS");
    let mut pairs = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
    stream.read_exact(&mut pairs).await.expect("settings");
    let setting = |number: u16| {
        let found = pairs
            .chunks(6)
            .find(|pair| pair[..2] == number.to_be_bytes())?;
        Some(u32::from_be_bytes(
            found[2..].try_into().expect("four bytes"),
        ))
    };
    assert_eq!(setting(3), Some(7), "MAX_CONCURRENT_STREAMS");
    assert_eq!(setting(6), Some(32 << 10), "MAX_HEADER_LIST_SIZE");
    // Streams opened and reset without end: the connection is ended, nobody else's.
    let mut flood = Vec::new();
    for number in 0..2_000u32 {
        let id = (2 * number + 1).to_be_bytes();
        // HEADERS with :method GET, :scheme https, :path /; then RST_STREAM CANCEL.
        flood.extend([0, 0, 3, 1, 5, id[0], id[1], id[2], id[3], 0x82, 0x87, 0x84]);
        flood.extend([0, 0, 4, 3, 0, id[0], id[1], id[2], id[3], 0, 0, 0, 8]);
    }
    _ = stream.write_all(&flood).await;
    rest(&mut stream).await;
    door.close(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_asked_at_every_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |_| {}).await;
    assert_eq!(door.trader.get("/v1/families").await.status, 200);
    for bearer in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer tg_nobody",
        "Bearer \u{7f}",
    ] {
        let mut stream = door.connect(&["http/1.1"]).await.expect("connects");
        let head = format!(
            "GET /v1/families HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: {bearer}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sends");
        let found = statuses(&rest(&mut stream).await);
        assert!(found == [401] || found == [400], "{bearer:?}: {found:?}");
    }
    let file = door.config.keys_file();
    let revoked = keys::revoke(&file, "acme", tongguan::clock::now());
    assert_eq!(revoked.expect("revoked"), 1);
    let start = std::time::Instant::now();
    while door.trader.get("/v1/families").await.status != 401 {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "a revoked key still opens"
        );
    }
    door.gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_answers_what_is_under_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |_| {}).await;
    let body = goods("BJ2026030100077001");
    let mut under_way = door.connect(&["http/1.1"]).await.expect("connects");
    let head = door.head(
        "POST /v1/declarations",
        &format!(
            "content-type: application/xml\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            body.len()
        ),
    );
    under_way.write_all(head.as_bytes()).await.expect("sends");
    let mut line = [0; 25];
    under_way
        .read_exact(&mut line)
        .await
        .expect("an interim answer");
    let mut idle = door.connect(&["http/1.1"]).await.expect("connects");
    let address = door.gateway.address();
    let stopping = tokio::spawn(door.gateway.stop());
    // The idle connection ends, a new one is refused, and the one under way is answered.
    rest(&mut idle).await;
    let fresh = connect(&door.config, address, &["http/1.1"]).await;
    assert!(fresh.is_err(), "a new connection was taken");
    under_way.write_all(&body).await.expect("sends");
    let said = rest(&mut under_way).await;
    assert_eq!(statuses(&said), [202], "{said}");
    stopping.await.expect("a task").expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_and_old_tls_are_not_spoken() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = door(folder.path(), |_| {}).await;
    let address = door.gateway.address();
    // Plain HTTP, and a ClientHello of TLS 1.1 (version 3.2) with one cipher.
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    for bytes in [
        b"GET /v1/families HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        hello,
    ] {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(&bytes).await.expect("sends");
        let said = rest(&mut stream).await;
        assert!(!said.contains("HTTP/1.1"), "{said}");
    }
    let unknown = door.connect(&["spdy/3"]).await;
    assert!(
        unknown.is_err(),
        "a protocol that nobody speaks was agreed on"
    );
    door.close(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_charset_of_a_request_goes_all_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    // An authority that says nothing and tells the test what it was sent.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("listens");
    let address = listener.local_addr().expect("an address");
    let authority = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut sent = Vec::new();
        while !sent.ends_with(b"</DecMessage>\n") {
            let read = stream.read_buf(&mut sent).await.expect("reads");
            assert!(read > 0, "the dispatch ended early");
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("answers");
        sent
    });
    let door = door(folder.path(), |config| {
        let customs = config.authorities.get_mut("customs").expect("configured");
        customs.url = format!("http://{address}/");
    })
    .await;
    let text = support::GOODS.replace("BJ2026030100010001", "BJ2026030100077002");
    let text = text.split_once("?>").expect("a declaration").1.trim_start();
    let (gbk, _, unmappable) = encoding_rs::GBK.encode(text);
    assert!(
        !unmappable && gbk != text.as_bytes(),
        "the sample has Chinese text"
    );
    let gbk = Bytes::from(gbk.into_owned());
    let charset = [("content-type", "application/xml; charset=GBK")];
    let answer = door
        .trader
        .send("POST", "/v1/declarations", &charset, gbk.clone())
        .await;
    assert_eq!(answer.status, 202, "{}", json(&answer));
    let id = json(&answer)["id"].as_str().expect("an id").to_owned();
    let message = door
        .trader
        .get(&format!("/v1/declarations/{id}/message"))
        .await;
    assert_eq!(message.body, gbk);
    assert_eq!(
        message.header("content-type"),
        Some("application/xml; charset=GBK")
    );
    let sent = authority.await.expect("a dispatch");
    let head = String::from_utf8_lossy(&sent).to_ascii_lowercase();
    assert!(
        head.contains("content-type: application/xml; charset=gbk\r\n"),
        "{head}"
    );
    assert!(sent.ends_with(&gbk));
    door.close(1).await;
}
