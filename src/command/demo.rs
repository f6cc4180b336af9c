//! `tongguan demo`: the whole gateway on this machine. A gateway and a customs simulator
//! start, one real message of every family travels over HTTPS from a trader to *released*,
//! a broken one comes back with its findings, and the gateway goes on serving.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use crate::authority;
use crate::clock;
use crate::config::Config;
use crate::fault::Fault;
use crate::gateway::{self, Gateway};
use crate::http::{self, Client};
use crate::ingest::keys::{self, Role};
use crate::journal::receipt;
use crate::simulator::{self, Simulator};
use crate::telemetry;

use super::{Exit, Outcome, asked_to_stop, block_on};

/// See the module.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ends after the journey; code 0 only if all of it happened.
    #[arg(long)]
    exit: bool,
    /// Where everything is written; a second start finds it there.
    #[arg(long, default_value = "tongguan-demo", value_name = "DIR")]
    folder: PathBuf,
    /// Where traders connect.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where operators look: /livez, /readyz, /metrics.
    #[arg(long, default_value = "127.0.0.1:9443")]
    operations: SocketAddr,
}

/// One message on the journey.
struct Traveller {
    family: &'static str,
    file: &'static str,
    bytes: &'static [u8],
}

macro_rules! traveller {
    ($family:literal, $file:literal) => {
        Traveller {
            family: $family,
            file: concat!("tests/messages/", $family, "/", $file),
            bytes: include_bytes!(concat!("../../tests/messages/", $family, "/", $file)),
        }
    };
}

const TRAVELLERS: [Traveller; 8] = [
    traveller!("goods", "import-air-one-item.xml"),
    traveller!("manifest", "mt1201-main.xml"),
    traveller!("manifest", "mt2201-main.xml"),
    traveller!("aircraft", "inbound-forecast.xml"),
    traveller!("aircraft", "outbound-forecast.xml"),
    traveller!("aircraft", "arrival-confirmed.xml"),
    traveller!("aircraft", "departure-confirmed.xml"),
    traveller!("certificate", "general.xml"),
];
const BROKEN: Traveller = traveller!("goods", "broken/many.xml");

/// The journey takes about a second; on a machine busy with other things, many.
const JOURNEY_MAX: Duration = Duration::from_secs(60);

/// Runs it.
pub fn run(args: Args) -> Outcome {
    let mut config = Config {
        data: args.folder.clone(),
        ..Config::default()
    };
    config.ingest.listen = args.listen;
    config.operations.listen = args.operations;
    config.telemetry.level = "warn".to_owned();
    telemetry::install(&config.telemetry)?;
    block_on(async {
        let stage = Stage::set(&args, config).await?;
        let complete = stage.journey().await?;
        if !args.exit {
            stage.invite();
            asked_to_stop().await;
            println!("\nStopping: finishing what is in flight.");
        }
        stage.gateway.stop().await?;
        println!(
            "{}",
            if complete {
                "All of it happened."
            } else {
                "Not all of it happened; see above."
            }
        );
        Ok(if complete { Exit::Fine } else { Exit::Negative })
    })
}

/// Gateway, authority and trader, ready to play.
struct Stage {
    folder: PathBuf,
    config: Config,
    gateway: Gateway,
    _simulator: Simulator,
    trader: Trader,
    key_file: PathBuf,
}

/// A trader's software: a client, an address, a key.
struct Trader {
    client: Client,
    url: String,
    bearer: String,
}

impl Stage {
    async fn set(args: &Args, mut config: Config) -> Result<Stage, Fault> {
        std::fs::create_dir_all(&args.folder)
            .map_err(|error| Fault::operator(format!("{}: {error}", args.folder.display())))?;
        let key_file = args.folder.join("trader.key");
        let trader_key = key_in(&key_file, &config.keys_file(), "demo-trader", Role::Trader)?;
        let callback_key = key_in(
            &args.folder.join("customs.key"),
            &config.keys_file(),
            "customs",
            Role::Authority,
        )?;
        let ca = gateway::development_ca(&config)?;

        let catalogue = Arc::new(gateway::catalogue(&config)?);
        let simulator = Simulator::start(
            simulator::Settings {
                callback_token: callback_key,
                ca: Some(ca.clone()),
                ..Default::default()
            },
            catalogue,
        )
        .await?;
        let customs = authority::http::Config {
            url: format!("http://{}/{{kind}}/{{type}}", simulator.address()),
            token: String::new(),
            callback: format!("https://{}/v1/answers", args.listen),
            client: http::Settings::default(),
        };
        config.authorities = BTreeMap::from([("customs".to_owned(), customs)]);
        let gateway = Gateway::start(&config).await?;
        println!("Tongguan demo");
        println!(
            "  gateway    https://{}   (operators: http://{})",
            gateway.address(),
            gateway.operations_address()
        );
        println!(
            "  customs    http://{}   (a simulator)",
            simulator.address()
        );
        println!("  data       {}", args.folder.display());

        let trader = Trader {
            client: Client::new(&http::Settings {
                ca: Some(ca),
                ..http::Settings::default()
            })?,
            url: format!("https://{}", gateway.address()),
            bearer: format!("Bearer {trader_key}"),
        };
        Ok(Stage {
            folder: args.folder.clone(),
            config,
            gateway,
            _simulator: simulator,
            trader,
            key_file,
        })
    }

    /// Plays it; the answer says whether all of it happened.
    async fn journey(&self) -> Result<bool, Fault> {
        let earlier = self.trader.count_earlier().await?;
        match earlier {
            0 => println!("\nNothing was recorded here before."),
            n => println!("\nFound {n} declaration(s) that earlier starts recorded."),
        }

        println!("\nOne message of every family, over HTTPS:");
        let mut complete = true;
        let mut travelling = Vec::new();
        let mut last_receipt = None;
        for traveller in &TRAVELLERS {
            let message = self
                .trader
                .fresh(traveller, self.gateway.catalogue())
                .await?;
            let response = self
                .trader
                .post("/v1/declarations", message.clone())
                .await?;
            let receipt = json(&response.body);
            let name = format!(
                "{:<11} {:<18}",
                traveller.family,
                text(&receipt, "message_type")
            );
            if response.status != 202 {
                println!(
                    "  {name} {} {}",
                    response.status,
                    String::from_utf8_lossy(&response.body)
                );
                complete = false;
                continue;
            }
            println!(
                "  {name} 202 recorded   entry {:<4} {}",
                receipt.pointer("/entry/index").unwrap_or(&Value::Null),
                text(&receipt, "id")
            );
            travelling.push((name, text(&receipt, "id")));
            last_receipt = Some((response.body, message));
        }

        println!("\nFollowing each until it is released:");
        for (name, id) in &travelling {
            let (steps, released) = self.trader.follow(id).await?;
            println!("  {name} {}", steps.join(" → "));
            complete &= released;
        }

        complete &= self.show_proof(last_receipt)?;
        complete &= self.show_findings().await?;
        Ok(complete && travelling.len() == TRAVELLERS.len())
    }

    /// Checks a receipt offline and keeps it in the folder for `tongguan verify`.
    fn show_proof(&self, receipt: Option<(Bytes, Bytes)>) -> Result<bool, Fault> {
        let Some((receipt, message)) = receipt else {
            return Ok(false);
        };
        let public = self.config.journal_folder().join("journal.pub");
        let key = std::fs::read_to_string(&public)
            .map_err(|error| Fault::ours(format!("{}: {error}", public.display())))?;
        write(&self.folder.join("receipt.json"), &receipt)?;
        write(&self.folder.join("message.xml"), &message)?;
        println!("\nThe last receipt, verified offline:");
        match receipt::verify(&receipt, Some(&message), key.trim()) {
            Ok(proved) => {
                for line in proved.to_string().lines() {
                    println!("  {line}");
                }
                let folder = self.folder.display();
                println!(
                    "  again by hand: tongguan verify {folder}/receipt.json --message {folder}/message.xml --key {}",
                    public.display()
                );
                Ok(true)
            }
            Err(disproved) => {
                println!("  it does not hold: {disproved}");
                Ok(false)
            }
        }
    }

    /// Sends the broken message.
    async fn show_findings(&self) -> Result<bool, Fault> {
        let response = self
            .trader
            .post("/v1/declarations", Bytes::from_static(BROKEN.bytes))
            .await?;
        let problem = json(&response.body);
        println!(
            "\nA broken message ({}): {} {}",
            BROKEN.file,
            response.status,
            text(&problem, "title")
        );
        let findings = problem["findings"].as_array().cloned().unwrap_or_default();
        for finding in &findings {
            println!(
                "  {:>4}:{:<3} {} {} {}",
                finding["line"],
                finding["column"],
                text(finding, "severity"),
                text(finding, "code"),
                text(finding, "path")
            );
            println!("           {}", text(finding, "text"));
            if !text(finding, "expected").is_empty() {
                println!("           expected: {}", text(finding, "expected"));
            }
        }
        Ok(response.status == 422 && !findings.is_empty())
    }

    /// What a newcomer may paste next.
    fn invite(&self) {
        let ca = self.config.tls_folder().join("ca.pem");
        println!(
            "\nStill serving until Ctrl-C. A first declaration of your own, from another terminal:\n"
        );
        println!("  curl --cacert {} \\", ca.display());
        println!(
            "       -H \"Authorization: Bearer $(cat {})\" \\",
            self.key_file.display()
        );
        println!("       -H 'Content-Type: application/xml' -H 'Accept-Language: en' \\");
        println!("       -H 'Idempotency-Key: my-first-declaration' \\");
        println!("       --data-binary @{} \\", FIRST.file);
        println!("       {}/v1/declarations", self.trader.url);
    }
}

/// The message of the curl line.
const FIRST: Traveller = traveller!("goods", "sea-containers-documents.xml");

impl Trader {
    async fn post(&self, route: &str, body: Bytes) -> Result<http::Response, Fault> {
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/xml"),
            ("accept-language", "en"),
        ];
        self.client
            .send("POST", &format!("{}{route}", self.url), &headers, body)
            .await
    }

    async fn get(&self, route: &str) -> Result<Value, Fault> {
        let headers = [("authorization", self.bearer.as_str())];
        let response = self
            .client
            .send(
                "GET",
                &format!("{}{route}", self.url),
                &headers,
                Bytes::new(),
            )
            .await?;
        match response.status {
            200 => Ok(json(&response.body)),
            status => Err(Fault::ours(format!(
                "GET {route}: {status} {}",
                String::from_utf8_lossy(&response.body)
            ))),
        }
    }

    /// How many declarations this trader has; counted page by page.
    async fn count_earlier(&self) -> Result<usize, Fault> {
        let mut count = 0;
        let mut route = "/v1/declarations?limit=200".to_owned();
        loop {
            let page = self.get(&route).await?;
            count += page["declarations"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(next) => route = next.to_owned(),
                None => return Ok(count),
            }
        }
    }

    /// The sample under a number that this gateway has not seen: the last digits of its own
    /// number are changed, everything else stays.
    async fn fresh(
        &self,
        traveller: &Traveller,
        catalogue: &crate::family::Catalogue,
    ) -> Result<Bytes, Fault> {
        let checked = catalogue.check(traveller.bytes, None, &crate::xml::Limits::default());
        let identity = checked
            .message
            .and_then(|message| message.field("identity").map(str::to_owned))
            .ok_or_else(|| Fault::ours(format!("{} has no identity", traveller.file)))?;
        let sample = String::from_utf8_lossy(traveller.bytes);
        let digits = identity
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .count()
            .min(4);
        let (stem, _) = identity.split_at(identity.len() - digits);
        let start = clock::now().0.unsigned_abs() / 1000;
        let room = 10u64.pow(digits as u32);
        for serial in (start..).take(room as usize) {
            let number = format!("{stem}{:0digits$}", serial % room);
            if number == identity {
                continue;
            }
            let seen = self
                .get(&format!("/v1/declarations?reference={number}&limit=1"))
                .await?;
            if seen["declarations"].as_array().is_some_and(Vec::is_empty) {
                return Ok(Bytes::from(sample.replace(&identity, &number)));
            }
        }
        Err(Fault::ours(format!(
            "every number like {identity} is taken; remove the folder of the demo"
        )))
    }

    /// Watches a declaration until it is released, or for [`JOURNEY_MAX`].
    async fn follow(&self, id: &str) -> Result<(Vec<String>, bool), Fault> {
        let start = Instant::now();
        loop {
            let events = self.get(&format!("/v1/declarations/{id}/events")).await?;
            let mut steps: Vec<String> = Vec::new();
            for event in events["events"].as_array().into_iter().flatten() {
                let code = text(event, "code");
                let status = text(event, "status");
                steps.push(if code.is_empty() {
                    status
                } else {
                    format!("{status} ({code})")
                });
            }
            let released = steps.iter().any(|step| step.starts_with("released"));
            if released || start.elapsed() > JOURNEY_MAX {
                return Ok((steps, released));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The key in `file`, made and entered in `keys_file` at the first start.
fn key_in(file: &Path, keys_file: &Path, name: &str, role: Role) -> Result<String, Fault> {
    if let Ok(key) = std::fs::read_to_string(file) {
        return Ok(key.trim().to_owned());
    }
    let key = keys::add(keys_file, name, role, clock::now())?;
    write(file, key.as_bytes())?;
    Ok(key)
}

/// Writes a file that only its owner may read.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Fault::operator(format!("{}: {error}", path.display())))
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
