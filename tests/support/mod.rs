//! Starts a gateway, is a trader, is an authority.
#![allow(dead_code)]

pub mod audit;
pub mod damage;
pub mod edit;
pub mod entries;
pub mod load;
pub mod process;
pub mod readers;
pub mod xml_nodes;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tongguan::authority;
use tongguan::clock;
use tongguan::config::Config;
use tongguan::family::Catalogue;
use tongguan::fault::Fault;
use tongguan::gateway::{self, Gateway};
use tongguan::http::{Client, Response, Settings};
use tongguan::ingest::keys::{self, Role};
use tongguan::simulator::{self, Simulator};

pub const GOODS: &str = include_str!("../messages/goods/import-air-one-item.xml");

/// The families of the folder `schemas`, as they are now.
pub fn catalogue() -> Catalogue {
    let config = Config {
        families: Some("schemas".into()),
        ..Config::default()
    };
    gateway::catalogue(&config).expect("the families are right")
}

/// The goods sample under another number.
pub fn goods(number: &str) -> Bytes {
    Bytes::from(GOODS.replace("BJ2026030100010001", number))
}

/// A configuration that writes below `folder` and listens on free ports.
pub fn config(folder: &Path) -> Config {
    let mut config = Config {
        data: folder.to_owned(),
        ..Config::default()
    };
    config.ingest.listen = "127.0.0.1:0".parse().expect("an address");
    config.operations.listen = "127.0.0.1:0".parse().expect("an address");
    config
}

/// A simulator that takes everything and answers to `callback`.
pub async fn customs(config: &mut Config, callback: &str) -> Simulator {
    let ca = gateway::development_ca(config).expect("a CA");
    let token = keys::add(
        &config.keys_file(),
        "customs",
        Role::Authority,
        clock::now(),
    )
    .expect("a key");
    let catalogue = Arc::new(gateway::catalogue(config).expect("families"));
    let step = Duration::from_millis(5);
    let settings = simulator::Settings {
        callback_token: token,
        ca: Some(ca),
        step,
        ..Default::default()
    };
    let simulator = Simulator::start(settings, catalogue)
        .await
        .expect("a simulator");
    let customs = authority::http::Config {
        url: format!("http://{}/{{kind}}/{{type}}", simulator.address()),
        token: String::new(),
        callback: callback.to_owned(),
        client: Settings::default(),
    };
    config.authorities = BTreeMap::from([("customs".to_owned(), customs)]);
    simulator
}

/// A trader's software.
pub struct Trader {
    pub client: Client,
    pub url: String,
    pub bearer: String,
}

impl Trader {
    /// A trader with a new key.
    pub fn new(config: &Config, gateway: &Gateway, name: &str) -> Trader {
        let key = keys::add(&config.keys_file(), name, Role::Trader, clock::now()).expect("a key");
        Trader::with_key(config, &format!("https://{}", gateway.address()), &key)
    }

    /// A trader with a key that it has.
    pub fn with_key(config: &Config, url: &str, key: &str) -> Trader {
        let ca = gateway::development_ca(config).expect("a CA");
        let client = Client::new(&Settings {
            ca: Some(ca),
            ..Settings::default()
        })
        .expect("a client");
        Trader {
            client,
            url: url.to_owned(),
            bearer: format!("Bearer {key}"),
        }
    }

    pub async fn send(
        &self,
        method: &str,
        route: &str,
        more: &[(&str, &str)],
        body: Bytes,
    ) -> Response {
        let answer = self.try_send(method, route, more, body).await;
        answer.expect("an answer")
    }

    /// As [`Trader::send`], where no answer is no surprise.
    pub async fn try_send(
        &self,
        method: &str,
        route: &str,
        more: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response, Fault> {
        let mut headers = vec![
            ("authorization", self.bearer.as_str()),
            ("accept-language", "en"),
        ];
        if !body.is_empty() && !more.iter().any(|(name, _)| *name == "content-type") {
            headers.push(("content-type", "application/xml"));
        }
        headers.extend(more);
        self.client
            .send(method, &format!("{}{route}", self.url), &headers, body)
            .await
    }

    pub async fn get(&self, route: &str) -> Response {
        self.send("GET", route, &[], Bytes::new()).await
    }

    pub async fn declare(&self, body: Bytes, key: Option<&str>) -> Response {
        let more: Vec<(&str, &str)> = key
            .map(|key| ("idempotency-key", key))
            .into_iter()
            .collect();
        self.send("POST", "/v1/declarations", &more, body).await
    }

    /// Waits until a declaration has this status.
    pub async fn follow(&self, id: &str, status: &str) {
        let start = Instant::now();
        loop {
            let events = json(&self.get(&format!("/v1/declarations/{id}/events")).await);
            let met = events["events"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|event| event["status"] == status);
            if met {
                return;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{id} does not get to {status}: {events}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

pub fn problem(response: &Response) -> String {
    let name = json(response)["type"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    name.trim_start_matches("urn:tongguan:problem:").to_owned()
}

/// Random numbers from a seed that is printed: splitmix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From `SEED`, or from the clock.
    pub fn from_environment() -> Random {
        let given = std::env::var("SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let seed = given.unwrap_or(clock::now().0 as u64);
        println!("SEED={seed}");
        Random(seed)
    }

    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True `of` times in `all`.
    pub fn chance(&mut self, of: u64, all: u64) -> bool {
        self.below(all) < of
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
