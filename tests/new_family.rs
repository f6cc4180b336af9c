//! A new message type by adding files only: the files of the worked example in
//! `docs/messages.md`, in a folder of their own, and a gateway that is told of it.

mod support;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use support::{Trader, config, customs, json, problem};
use tongguan::gateway::Gateway;

/// Writes every file of the worked example: a line with its name in backquotes, then a fence.
fn write_example(folder: &Path) -> usize {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md"))
        .expect("the page");
    let example = page
        .split("## A worked example")
        .nth(1)
        .expect("the example");
    let mut written = 0;
    for part in example.split("\n\n`licence/").skip(1) {
        let (name, rest) = part.split_once("`:\n\n```").expect("a name and a fence");
        let content = rest
            .split_once('\n')
            .and_then(|(_, rest)| rest.split_once("\n```"))
            .expect("a fence")
            .0;
        let path = folder.join("licence").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
        written += 1;
    }
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let families = folder.path().join("families");
    assert_eq!(write_example(&families), 3);
    let mut config = config(&folder.path().join("data"));
    let _customs = customs(&mut config, "").await;
    config.families = Some(families);
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let message = |to: &str| {
        Bytes::from(format!(
            "<LicenceApplication xmlns=\"urn:example:licence:1\"><Number>L-1</Number><ValidFrom>2026-03-01</ValidFrom><ValidTo>{to}</ValidTo></LicenceApplication>"
        ))
    };
    let response = trader.declare(message("2026-12-31"), None).await;
    assert_eq!(response.status, 202);
    assert_eq!(json(&response)["message_type"], "LicenceApplication");
    let refused = trader.declare(message("2026-02-28"), Some("another")).await;
    assert_eq!(
        (refused.status, problem(&refused).as_str()),
        (422, "findings")
    );
    assert_eq!(json(&refused)["findings"][0]["code"], "LIC-1001");
    let refused = trader.declare(message("tomorrow"), Some("another")).await;
    assert_eq!(
        json(&refused)["findings"][0]["code"],
        "cvc-datatype-valid.1.2.1"
    );
    // The built-in families are still there.
    assert!(String::from_utf8_lossy(&trader.get("/v1/families").await.body).contains("DecMessage"));
    gateway.stop().await.expect("stops");
}
