//! A foreign family: the folder `docs/examples/declaration` has its own XSDs, which import each
//! other, and a gateway takes its declarations and understands its answers without a line of
//! Rust. What reaches outside its own folder does not start.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use support::{Trader, config, customs, json, problem};
use tongguan::clock;
use tongguan::gateway::Gateway;
use tongguan::ingest::keys::{self, Role};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples")
}

fn message(name: &str) -> Bytes {
    let path = examples().join("declaration/messages").join(name);
    Bytes::from(fs::read(path).expect("a message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_declaration_goes_all_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    config.families = Some(examples());
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    // No Idempotency-Key: the family says where the identity stands.
    let receipt = trader.declare(message("valid.xml"), None).await;
    assert_eq!(receipt.status, 202, "{}", json(&receipt));
    let told = json(&receipt);
    assert_eq!(told["message_type"], "Declaration");
    assert_eq!(told["reference"], "26NLA1B2C3D4E5F6G7");
    let again = trader.declare(message("valid.xml"), None).await;
    assert_eq!(json(&again)["id"], told["id"]);
    let id = told["id"].as_str().expect("an id");
    trader.follow(id, "dispatched").await;
    // The authority answers in the family's own form.
    let key = keys::add(
        &config.keys_file(),
        "customs",
        Role::Authority,
        clock::now(),
    );
    let authority = Trader::with_key(&config, &trader.url, &key.expect("a key"));
    let taken = authority
        .send("POST", "/v1/answers", &[], message("answer.xml"))
        .await;
    assert_eq!(taken.status, 202, "{}", json(&taken));
    trader.follow(id, "released").await;
    let state = json(&trader.get(&format!("/v1/declarations/{id}")).await);
    assert_eq!(state["authority"]["code"], "REL", "{state}");
    gateway.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_broken_declaration_comes_back_with_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    config.families = Some(examples());
    let _customs = customs(&mut config, "").await;
    let gateway = Gateway::start(&config).await.expect("starts");
    let trader = Trader::new(&config, &gateway, "acme");
    let refused = trader.declare(message("broken.xml"), Some("a-key")).await;
    assert_eq!(
        (refused.status, problem(&refused).as_str()),
        (422, "findings")
    );
    let refused = json(&refused);
    let found: Vec<(i64, &str, &str)> = refused["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            (
                finding["line"].as_i64().expect("a line"),
                finding["code"].as_str().expect("a code"),
                finding["path"].as_str().expect("a path"),
            )
        })
        .collect();
    const ITEM: &str = "/Declaration/GoodsShipment/GovernmentAgencyGoodsItem";
    let in_item = |below: &str| format!("{ITEM}{below}");
    let expected = [
        (4, "cvc-pattern-valid", "/Declaration/ID".to_owned()),
        (
            5,
            "cvc-datatype-valid.1.2.1",
            "/Declaration/IssueDateTime".to_owned(),
        ),
        (
            8,
            "cvc-complex-type.4",
            "/Declaration/InvoiceAmount/@currencyID".to_owned(),
        ),
        (
            17,
            "cvc-complex-type.2.4",
            "/Declaration/Exporter/Address/PostcodeID".to_owned(),
        ),
        (
            42,
            "cvc-complex-type.3.2.2",
            in_item("/Packaging/TypeCode/@agency"),
        ),
        (45, "cvc-identity-constraint.4.2.2", in_item("[2]")),
        (46, "WDM-1001", in_item("[2]/SequenceNumeric")),
        (
            50,
            "cvc-pattern-valid",
            in_item("[2]/Commodity/ClassificationID"),
        ),
        (52, "WDM-1003", in_item("[2]/Commodity/NetMassMeasure")),
        (
            61,
            "cvc-identity-constraint.4.3",
            "/Declaration/AdditionalDocument[2]".to_owned(),
        ),
    ];
    let expected: Vec<(i64, &str, &str)> = expected
        .iter()
        .map(|(line, code, path)| (*line, *code, path.as_str()))
        .collect();
    assert_eq!(found, expected);
    gateway.stop().await.expect("stops");
}

/// A copy of the example, and beside it a file that is none of its own.
fn copy(to: &Path) {
    for part in ["", "common", "messages"] {
        let from = examples().join("declaration").join(part);
        let to = to.join("families/declaration").join(part);
        fs::create_dir_all(&to).expect("made");
        for entry in fs::read_dir(from).expect("the example") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
}

/// Why a gateway with the example does not start once `schemaLocation` of its line 7 leads to `location`.
async fn fault(location: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    copy(folder.path());
    let families = folder.path().join("families");
    let types = families.join("declaration/common/types.xsd");
    fs::copy(&types, families.join("types.xsd")).expect("copied");
    fs::copy(&types, folder.path().join("types.xsd")).expect("copied");
    let schema = families.join("declaration/declaration.xsd");
    let text = fs::read_to_string(&schema).expect("a schema");
    let changed = text.replace("common/types.xsd", location);
    assert_ne!(text, changed);
    fs::write(&schema, changed).expect("written");
    let mut config = config(&folder.path().join("data"));
    config.families = Some(families);
    match Gateway::start(&config).await {
        Ok(_) => panic!("{location} was followed"),
        Err(fault) => fault.to_string(),
    }
}

#[tokio::test]
async fn it_does_not_reach_outside_its_folder() {
    for location in ["../types.xsd", "../../types.xsd", "common/../../types.xsd"] {
        let fault = fault(location).await;
        let expected = format!("declaration/declaration.xsd:7: import: {location:?} leads out");
        assert!(fault.contains(&expected), "{fault}");
    }
}
