//! The trader's view, through TLS on loopback: one test an outcome.

mod support;

use std::io::{Read, Write};
use std::time::Duration;

use bytes::Bytes;
use support::{GOODS, Trader, config, customs, goods, json, problem};
use tongguan::gateway::Gateway;
use tongguan::ingest::operations;
use tongguan::journal::receipt;
use tongguan::telemetry;
use tongguan::view::Progress;

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_goes_all_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    // The callback address has to be known before the gateway listens: take a free port.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its address");
    config.ingest.listen = port;
    let simulator = customs(&mut config, &format!("https://{port}/v1/answers")).await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");

    let response = trader.declare(goods("BJ2026030100099001"), None).await;
    assert_eq!(response.status, 202);
    let id = json(&response)["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        response.header("location"),
        Some(format!("/v1/declarations/{id}").as_str())
    );
    trader.follow(&id, "released").await;
    trader.follow(&id, "closed").await;
    assert_eq!(simulator.counts(), (1, 1));

    let state = trader.get(&format!("/v1/declarations/{id}")).await;
    let tag = state.header("etag").expect("an ETag").to_owned();
    assert_eq!(json(&state)["status"], "closed");
    assert_eq!(json(&state)["authority"]["code"], "R");
    assert_eq!(json(&state)["reference"], "BJ2026030100099001");
    let again = trader
        .send(
            "GET",
            &format!("/v1/declarations/{id}"),
            &[("if-none-match", &tag)],
            Bytes::new(),
        )
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let message = trader.get(&format!("/v1/declarations/{id}/message")).await;
    assert_eq!(message.body, goods("BJ2026030100099001"));
    let receipt = trader.get(&format!("/v1/declarations/{id}/receipt")).await;
    assert_eq!(receipt.body, response.body);
    let key =
        std::fs::read_to_string(folder.path().join("journal/journal.pub")).expect("the public key");
    receipt::verify(&receipt.body, Some(&message.body), key.trim()).expect("the receipt holds");
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_declaration_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let first = trader
        .declare(goods("BJ2026030100099002"), Some("key-1"))
        .await;
    let own = trader.declare(goods("BJ2026030100099003"), None).await;
    assert_eq!((first.status, own.status), (202, 202));
    let both = tokio::join!(
        trader.declare(goods("BJ2026030100099002"), Some("key-1")),
        trader.declare(goods("BJ2026030100099002"), Some("\"key-1\"")),
    );
    for again in [both.0, both.1] {
        assert_eq!((again.status, &again.body), (202, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    let other = trader
        .declare(goods("BJ2026030100099004"), Some("key-1"))
        .await;
    assert_eq!(
        (other.status, problem(&other).as_str()),
        (422, "idempotency-key-reused")
    );
    let bearer = trader.bearer.trim_start_matches("Bearer ").to_owned();
    gateway.stop().await.expect("stops");

    let gateway = Gateway::start(&config).await.expect("starts again");
    let trader = Trader::with_key(&config, &format!("https://{}", gateway.address()), &bearer);
    assert_eq!(
        trader
            .declare(goods("BJ2026030100099002"), Some("key-1"))
            .await
            .body,
        first.body
    );
    assert_eq!(
        trader.declare(goods("BJ2026030100099003"), None).await.body,
        own.body
    );
    let other = trader
        .declare(goods("BJ2026030100099004"), Some("key-1"))
        .await;
    assert_eq!(
        (other.status, problem(&other).as_str()),
        (422, "idempotency-key-reused")
    );
    let list = json(&trader.get("/v1/declarations").await);
    assert_eq!(list["declarations"].as_array().expect("a list").len(), 2);
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trader_sees_nothing_of_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let (a, b) = (
        Trader::new(&config, &gateway, "a"),
        Trader::new(&config, &gateway, "ab"),
    );
    let mut ids = Vec::new();
    for number in 0..3 {
        let response = a
            .declare(goods(&format!("BJ202603010008800{number}")), None)
            .await;
        ids.push(json(&response)["id"].as_str().expect("an id").to_owned());
    }
    // The same number and key are another trader's own declaration.
    let own = b.declare(goods("BJ2026030100088000"), None).await;
    assert_eq!(own.status, 202);
    let unknown = b
        .get("/v1/declarations/01890000-0000-7000-8000-000000000000")
        .await;
    for id in &ids {
        for part in ["", "/events", "/message", "/receipt"] {
            let foreign = b.get(&format!("/v1/declarations/{id}{part}")).await;
            assert_eq!(
                (foreign.status, &foreign.body),
                (404, &unknown.body),
                "{part}"
            );
            assert_eq!(
                a.get(&format!("/v1/declarations/{id}{part}")).await.status,
                200,
                "{part}"
            );
        }
    }
    for query in [
        "",
        "?reference=BJ2026030100088001",
        "?kind=goods",
        "?status=dispatched",
        "?status=received",
    ] {
        let list = json(&b.get(&format!("/v1/declarations{query}")).await);
        for row in list["declarations"].as_array().expect("a list") {
            assert_eq!(row["id"], json(&own)["id"], "{query}");
        }
    }
    let page = json(&a.get("/v1/declarations?limit=2").await);
    let next = page["next"].as_str().expect("a next page").to_owned();
    assert_eq!(page["declarations"].as_array().expect("a list").len(), 2);
    assert_eq!(
        json(&a.get(&next).await)["declarations"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
    let stolen = b.get(&next).await;
    assert_eq!((stolen.status, problem(&stolen).as_str()), (400, "cursor"));
    // An answer is an authority's to give.
    let answer = b
        .send("POST", "/v1/answers", &[], Bytes::from_static(b"<a/>"))
        .await;
    assert_eq!(answer.status, 403);
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    config.ingest.body_bytes_max = 100_000;
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let nobody = Trader::with_key(&config, &trader.url, "tg_wrong");
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("compresses");
        Bytes::from(encoder.finish().expect("compresses"))
    };
    let zstd = Bytes::from(zstd::stream::encode_all(GOODS.as_bytes(), 3).expect("compresses"));
    let mut bomb = Vec::new();
    std::io::repeat(b' ')
        .take(200_000)
        .read_to_end(&mut bomb)
        .expect("reads");
    let fine = || Bytes::from(GOODS);
    let declarations = "/v1/declarations";
    type Row<'a> = (
        &'a str,
        &'a str,
        Vec<(&'a str, &'a str)>,
        Bytes,
        u16,
        &'a str,
    );
    let table: Vec<Row<'_>> = vec![
        ("POST", "/v1/validations", vec![], fine(), 200, ""),
        (
            "POST",
            "/v1/validations",
            vec![("content-encoding", "gzip")],
            gzip(GOODS.as_bytes()),
            200,
            "",
        ),
        (
            "POST",
            "/v1/validations",
            vec![("content-encoding", "zstd")],
            zstd,
            200,
            "",
        ),
        (
            "POST",
            "/v1/validations",
            vec![("content-encoding", "br")],
            fine(),
            415,
            "content-encoding",
        ),
        (
            "POST",
            "/v1/validations",
            vec![("content-encoding", "gzip")],
            fine(),
            400,
            "compression",
        ),
        (
            "POST",
            "/v1/validations",
            vec![("content-encoding", "gzip")],
            gzip(&bomb),
            413,
            "body-too-long",
        ),
        (
            "POST",
            "/v1/validations",
            vec![],
            Bytes::from(bomb),
            413,
            "body-too-long",
        ),
        (
            "POST",
            declarations,
            vec![("content-type", "application/json")],
            fine(),
            415,
            "media-type",
        ),
        (
            "POST",
            declarations,
            vec![("content-type", "application/xml")],
            Bytes::new(),
            400,
            "body-empty",
        ),
        (
            "POST",
            declarations,
            vec![("content-type", "application/xml; charset=gbk")],
            fine(),
            422,
            "findings",
        ),
        (
            "POST",
            declarations,
            vec![("idempotency-key", "a b")],
            fine(),
            400,
            "idempotency-key",
        ),
        (
            "POST",
            declarations,
            vec![],
            Bytes::from_static(b"<a>"),
            422,
            "findings",
        ),
        (
            "POST",
            declarations,
            vec![],
            Bytes::from_static(&[0xff, 0xfe, 0, 1]),
            422,
            "findings",
        ),
        (
            "GET",
            "/v1/declarations?limit=0",
            vec![],
            Bytes::new(),
            400,
            "parameter",
        ),
        (
            "GET",
            "/v1/declarations?status=lost",
            vec![],
            Bytes::new(),
            400,
            "parameter",
        ),
        (
            "GET",
            "/v1/declarations?unknown=1",
            vec![],
            Bytes::new(),
            400,
            "parameter",
        ),
        (
            "GET",
            "/v1/declarations?after=AAAA",
            vec![],
            Bytes::new(),
            400,
            "cursor",
        ),
        (
            "GET",
            "/v1/declarations/none",
            vec![],
            Bytes::new(),
            404,
            "not-found",
        ),
        ("GET", "/v2", vec![], Bytes::new(), 404, "not-found"),
        ("DELETE", declarations, vec![], Bytes::new(), 405, "method"),
        (
            "GET",
            declarations,
            vec![("accept", "text/html")],
            Bytes::new(),
            406,
            "not-acceptable",
        ),
        ("GET", "/v1/families", vec![], Bytes::new(), 200, ""),
    ];
    for (method, route, headers, body, status, expected) in table {
        let response = trader.send(method, route, &headers, body).await;
        assert_eq!(
            (response.status, problem(&response).as_str()),
            (status, expected),
            "{method} {route} {headers:?}"
        );
        assert!(response.header("request-id").is_some());
        if status >= 400 {
            assert_eq!(
                response.header("content-type"),
                Some("application/problem+json"),
                "{route}"
            );
        }
    }
    let unknown = nobody.get(declarations).await;
    assert_eq!(
        (unknown.status, unknown.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    // Nothing of all this was recorded.
    assert_eq!(
        json(&trader.get(declarations).await)["declarations"],
        serde_json::json!([])
    );
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_connections_are_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    config.ingest.handshake_timeout_s = Duration::from_millis(200);
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let address = gateway.address();
    let ended = tokio::task::spawn_blocking(move || {
        for bytes in [
            &b""[..],
            b"GET / HTTP/1.1\r\n\r\n",
            &[0x16, 3, 1, 0xff, 0xff],
            &[0; 5000],
        ] {
            let mut stream = std::net::TcpStream::connect(address).expect("connects");
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .expect("a time-out");
            _ = stream.write_all(bytes);
            // The gateway hangs up by itself; a read that times out would be an error of another kind.
            let mut rest = Vec::new();
            match stream.read_to_end(&mut rest) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
            }
        }
    });
    ended.await.expect("every connection was ended");
    let trader = Trader::new(&config, &gateway, "acme");
    assert_eq!(trader.get("/v1/families").await.status, 200);
    gateway.stop().await.expect("stops");
}

/// What the operators' door says to a path: the status and the body.
async fn asked(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let path = path.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).expect("connects");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        )
        .expect("asks");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    });
    let text = asked.await.expect("asked");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_how_far_the_start_has_come() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let server = operations::Server::start(&config.operations)
        .await
        .expect("starts");
    let address = server.address();
    assert_eq!(
        asked(address, "/readyz").await,
        (503, "starting\n".to_owned())
    );
    server.stage().starting(Progress {
        doing: "rebuilding",
        done: 3_400_000,
        of: 10_000_000,
        what: "entries",
    });
    let line = "rebuilding the view: 3,400,000 of 10,000,000 entries\n";
    assert_eq!(asked(address, "/readyz").await, (503, line.to_owned()));
    assert_eq!(asked(address, "/livez").await.0, 200);
    assert_eq!(asked(address, "/metrics").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_was_damaged_while_the_gateway_stood_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let first = trader
        .declare(goods("BJ2026030100099001"), Some("one"))
        .await;
    assert_eq!(first.status, 202);
    gateway.stop().await.expect("stops");
    let (view, aside) = (
        folder.path().join("view"),
        folder.path().join("view.aside-1"),
    );
    assert!(view.join("closed").exists(), "it was closed in good order");
    let rows = view.join("rows/db");
    let mut bytes = std::fs::read(&rows).expect("reads");
    bytes[100] ^= 1;
    std::fs::write(&rows, bytes).expect("written");

    let gateway = Gateway::start(&config).await.expect("starts");
    assert!(aside.exists(), "it was put aside");
    assert!(
        !view.join("closed").exists(),
        "no proof of closing while it is open"
    );
    let ready = asked(gateway.operations_address(), "/readyz").await;
    assert_eq!(ready, (200, "ready\n".to_owned()));
    let trader = Trader::new(&config, &gateway, "acme");
    let again = trader
        .declare(goods("BJ2026030100099001"), Some("one"))
        .await;
    assert_eq!(again.body, first.body, "the first receipt");
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_a_closed_segment_is_named_before_anybody_needs_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    config.journal.segment_bytes_max = 4096;
    telemetry::install(&config.telemetry).expect("counts");
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    for number in 0..9 {
        let reference = format!("BJ2026030100088{number:03}");
        assert_eq!(trader.declare(goods(&reference), None).await.status, 202);
    }
    gateway.stop().await.expect("stops");
    let segment = folder.path().join("journal/segment-00000000.tgj");
    let mut bytes = std::fs::read(&segment).expect("reads");
    bytes[600] ^= 1;
    std::fs::write(&segment, bytes).expect("written");
    // A start after a good stop needs none of it; a look beside everything else finds it.
    let gateway = Gateway::start(&config).await.expect("starts");
    loop {
        let (_, metrics) = asked(gateway.operations_address(), "/metrics").await;
        if metrics.contains("tongguan_journal_damages_total 1") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.stop().await.expect("stops");
}
