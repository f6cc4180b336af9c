//! A gateway as a process of its own, to be killed, stopped and started again: its folder, its
//! configuration, its keys, and the authority in the test that it delivers to.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tongguan::clock;
use tongguan::config::Config;
use tongguan::ingest::keys::{self, Role};
use tongguan::simulator::Simulator;

use super::audit::{Auditor, Ledger};
use super::{Trader, config, customs};

/// A start or a stop that takes longer than this hangs: hundreds of times what it takes.
const WAIT: Duration = Duration::from_secs(120);

/// What outlives the processes.
pub struct Site {
    pub config: Config,
    pub simulator: Simulator,
    /// The trader's API key.
    pub key: String,
    /// The configuration as `serve` reads it.
    pub file: PathBuf,
    /// Where processes write their logs.
    log: PathBuf,
    folder: TempDir,
}

impl Site {
    /// A site with an authority that takes everything and answers up to `closed`; `more` is
    /// TOML of further sections.
    pub async fn new(more: &str) -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(&folder.path().join("data"));
        // The callbacks of an authority outlive a process, so its address has to.
        config.ingest.listen = ([127, 0, 0, 1], free_port()).into();
        let callback = format!("https://{}/v1/answers", config.ingest.listen);
        let simulator = customs(&mut config, &callback).await;
        let key = keys::add(&config.keys_file(), "acme", Role::Trader, clock::now());
        let families = folder.path().join("families");
        small_families(&families);
        let file = folder.path().join("tongguan.toml");
        let text = format!(
            "data = {:?}\nfamilies = {families:?}\n[ingest]\nlisten = \"{}\"\n[operations]\nlisten = \
             \"127.0.0.1:0\"\n[telemetry]\nlevel = \"warn\"\n[[authority]]\nname = \"customs\"\nurl = {:?}\ncallback = \
             {callback:?}\n[[route]]\nauthority = \"customs\"\n{more}",
            config.data, config.ingest.listen, config.authorities["customs"].url,
        );
        fs::write(&file, text).expect("written");
        Site {
            config,
            simulator,
            key: key.expect("a key"),
            file,
            log: folder.path().join("log"),
            folder,
        }
    }

    /// A folder for what a test puts aside.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A trader of this gateway, with connections of its own.
    pub fn trader(&self) -> Trader {
        let url = format!("https://{}", self.config.ingest.listen);
        Trader::with_key(&self.config, &url, &self.key)
    }

    /// An auditor with connections of its own.
    pub fn auditor(&self, ledger: &Arc<Ledger>) -> Auditor {
        let file = self.config.journal_folder().join("journal.pub");
        let key = fs::read_to_string(file).expect("a public key");
        Auditor {
            ledger: ledger.clone(),
            trader: Arc::new(self.trader()),
            verifier_key: key.trim().into(),
        }
    }

    /// What all processes have logged so far.
    pub fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A command of the gateway with this configuration, its errors in the log.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tongguan"));
        command.args([name, "--config"]).arg(&self.file);
        self.logging(command)
    }

    fn logging(&self, mut command: Command) -> Command {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log: File = log.expect("a log");
        command.stdout(Stdio::piped()).stderr(log);
        command
    }

    /// Starts `serve` and waits for nothing.
    pub fn spawn(&self) -> Process {
        Process::new(self.command("serve"))
    }

    /// Starts `serve` with files of at most `blocks` blocks (of 512 bytes or 1 kB, as the shell
    /// likes) and waits until it listens. A write beyond that is an error like that of a full
    /// disk if the signal that goes with it is ignored; else it is the end of the process.
    pub fn start_with_small_files(&self, blocks: u32, ignored: bool) -> Process {
        let trap = if ignored { "trap '' XFSZ; " } else { "" };
        let script = format!("{trap}ulimit -f {blocks}; exec \"$0\" serve --config \"$1\"");
        let mut command = Command::new("sh");
        let gateway = env!("CARGO_BIN_EXE_tongguan");
        command.arg("-c").arg(script).arg(gateway).arg(&self.file);
        self.listening(Process::new(self.logging(command)))
    }

    /// Starts `rebuild` and waits for nothing.
    pub fn spawn_rebuild(&self) -> Process {
        Process::new(self.command("rebuild"))
    }

    /// Starts `serve` and waits until it listens.
    pub fn start(&self) -> Process {
        self.listening(self.spawn())
    }

    fn listening(&self, mut process: Process) -> Process {
        if let Err(status) = process.listens() {
            let log = self.logged();
            panic!("serve ended with {status} instead of listening:\n{log}");
        }
        process
    }
}

/// A process of the gateway; killed when it is dropped.
pub struct Process {
    child: Child,
    pub spawned: Instant,
    /// Where operators look, once it listens.
    pub operations: String,
}

impl Process {
    fn new(mut command: Command) -> Process {
        Process {
            child: command.spawn().expect("a process"),
            spawned: Instant::now(),
            operations: String::new(),
        }
    }

    /// Waits until it says where operators look, which it says last.
    ///
    /// # Errors
    /// How it ended instead.
    pub fn listens(&mut self) -> Result<(), ExitStatus> {
        let stdout = self.child.stdout.take().expect("piped");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.take(2).for_each(|line| _ = tell.send(line));
        });
        loop {
            match told.recv_timeout(WAIT) {
                Ok(line) => {
                    if let Some(url) = line.strip_prefix("tongguan: operators at ") {
                        self.operations = url.to_owned();
                        return Ok(());
                    }
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("serve hangs at its start")
                }
            }
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// SIGKILL. False when it was still at its start: it had not said anything yet.
    pub fn kill(mut self) -> bool {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        match self.child.stdout.take() {
            Some(mut said) => said.read(&mut [0]).is_ok_and(|length| length > 0),
            None => true,
        }
    }

    /// SIGTERM; how it ended.
    pub fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill").success());
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(start.elapsed() < WAIT, "the process does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A port that nobody listens on, below those that systems give to whoever asks for any: it
/// has to be free again after each kill.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let own = (std::process::id() % 1000) as u16 * 10;
    let ports = std::iter::from_fn(|| {
        Some(20_000 + (own + TAKEN.fetch_add(1, Ordering::Relaxed)) % 10_000)
    });
    ports
        .take(10_000)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of ten thousand ports is free")
}

/// The other families as small as can be: compiling the real ones takes five sixths of a start
/// in a debug build, in which a kill meets neither recovery nor rebuild.
fn small_families(folder: &Path) {
    for name in ["aircraft", "certificate", "manifest"] {
        let family = folder.join(name);
        fs::create_dir_all(&family).expect("made");
        let toml = format!(
            "name = {name:?}\nzh = {name:?}\nen = {name:?}\nversion = \"1\"\nsource = \"a test\"\n[[message]]\ntype = \
             \"Small{name}\"\nrole = \"declaration\"\nschema = \"small.xsd\"\nroot = \"Small\"\nnamespace = \
             \"urn:{name}\"\n[message.fields]\nidentity = [\"Number\"]\nreference = [\"Number\"]\n"
        );
        fs::write(family.join("family.toml"), toml).expect("written");
        let xsd = format!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:{name}\" \
             elementFormDefault=\"qualified\"><xs:element name=\"Small\"><xs:complexType><xs:sequence><xs:element \
             name=\"Number\" type=\"xs:token\"/></xs:sequence></xs:complexType></xs:element></xs:schema>"
        );
        fs::write(family.join("small.xsd"), xsd).expect("written");
    }
}
