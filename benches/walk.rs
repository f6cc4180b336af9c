//! A message validated by its schema (`walk`), the same with code lists and the extraction of
//! what its family names (`lists`), and the whole check with every business rule (`check`),
//! against two floors on the same bytes in one
//! run: the bare quick-xml reader, and our reader, which also checks characters, names,
//! namespaces and limits. With `--features libxml2`, and libxml2 with its headers on the
//! machine, also against that library's parse plus validate, schema compiled once on both
//! sides. At the end stands a table of ratios, medians of interleaved rounds. Results are
//! asserted; no timing is.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group};
use tongguan::config::Config;
use tongguan::family::Catalogue;
use tongguan::finding::Findings;
use tongguan::gateway;
use tongguan::schema::{Files, Schema};
use tongguan::xml::{Document, Limits, Reader};

/// A message as it is sent, and the schema that libxml2 takes for it.
struct Sample {
    name: &'static str,
    text: String,
    folder: &'static str,
    schema: &'static str,
}

fn samples() -> Vec<Sample> {
    let read = |path: &str| std::fs::read_to_string(format!("tests/messages/{path}")).expect(path);
    let flight = read("manifest/mt1201-flight-of-200-waybills.xml");
    let goods = |name, path| Sample {
        name,
        text: read(path),
        folder: "schemas/goods",
        schema: "dec.xsd",
    };
    vec![
        goods("goods, 3 kB", "goods/import-air-one-item.xml"),
        goods("goods, 5 kB", "goods/sea-containers-documents.xml"),
        goods("goods, 36 kB", "goods/export-fifty-items.xml"),
        Sample {
            name: "manifest, 500 kB",
            text: longer(&flight, 340),
            folder: "schemas/manifest",
            schema: "MT1201.xsd",
        },
    ]
}

/// A flight with as many waybills as asked for, made from one with 200: numbers of waybills
/// stay unique and keep their check digit.
fn longer(flight: &str, waybills: usize) -> String {
    const BEGIN: &str = "<Consignment>";
    const END: &str = "</Consignment>";
    let first = flight.find(BEGIN).expect("a waybill");
    let last = flight.rfind(END).expect("a waybill") + END.len();
    let own: Vec<&str> = flight[first..last].split_inclusive(END).collect();
    let mut text = flight[..last].to_owned();
    for more in 0..waybills.saturating_sub(own.len()) {
        let one = own[more % own.len()];
        let from = one
            .find("<TransportContractDocument>")
            .expect("its document");
        let id = from + one[from..].find("<ID>").expect("its number") + "<ID>".len();
        let end = id + one[id..].find('<').expect("its end");
        // The serial number of an air waybill, and that number modulo seven.
        let serial = 9_000_000 + more;
        text += &one[..id];
        text += &format!("{}-{serial:07}{}", &one[id..id + 3], serial % 7);
        text += &one[end..];
    }
    text + &flight[last..]
}

fn bare(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut events = 0;
    while !matches!(
        reader.read_event().expect("well-formed"),
        quick_xml::events::Event::Eof
    ) {
        events += 1;
    }
    events
}

fn read(text: &str, limits: &Limits) -> usize {
    let document = Document::from_text(text);
    let mut findings = Findings::new(1);
    let mut reader = Reader::new(&document, limits);
    let mut events = 0;
    while reader.next(&mut findings).is_some() {
        events += 1;
    }
    assert!(reader.is_complete());
    events
}

fn walk(schema: &Schema, text: &str, limits: &Limits) {
    let document = Document::from_text(text);
    let mut findings = Findings::new(10);
    assert!(schema.walk(&document, limits, &mut (), &mut findings) && findings.is_empty());
}

fn check(catalogue: &Catalogue, text: &str, limits: &Limits) {
    let checked = catalogue.check(text.as_bytes(), None, limits);
    let found = checked.findings.list();
    assert!(found.is_empty() && checked.message.is_some(), "{found:?}");
}

/// The families with every rule switched off that is not about a code list.
fn lists_only() -> Catalogue {
    let mut config = Config::default();
    let catalogue = gateway::catalogue(&config).expect("families");
    let others = catalogue.rules().filter(|rule| rule.primitive != "list");
    config.rules = others.map(|rule| (rule.code.to_owned(), None)).collect();
    gateway::catalogue(&config).expect("families")
}

fn compiled(sample: &Sample) -> Schema {
    let files: Files = std::fs::read_dir(sample.folder)
        .expect("the family")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xsd"))
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(&path).expect("a schema"))
        })
        .collect();
    Schema::compile(sample.schema, &files).expect("a right schema")
}

fn benches(criterion: &mut Criterion) {
    let catalogue = gateway::catalogue(&Config::default()).expect("families");
    let lists = lists_only();
    let limits = Limits::default();
    for sample in samples() {
        let text = sample.text.as_str();
        let schema = compiled(&sample);
        let mut group = criterion.benchmark_group(format!("walk/{}", sample.name));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("quick-xml", |bencher| bencher.iter(|| bare(text)));
        group.bench_function("reader", |bencher| bencher.iter(|| read(text, &limits)));
        group.bench_function("walk", |bencher| {
            bencher.iter(|| walk(&schema, text, &limits))
        });
        group.bench_function("lists", |bencher| {
            bencher.iter(|| check(&lists, text, &limits))
        });
        group.bench_function("check", |bencher| {
            bencher.iter(|| check(&catalogue, text, &limits))
        });
        #[cfg(feature = "libxml2")]
        {
            let peer = libxml2::Schema::compile(&format!("{}/{}", sample.folder, sample.schema));
            group.bench_function("libxml2", |bencher| {
                bencher.iter(|| assert!(peer.is_valid(text)))
            });
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("compile");
    let sample = &samples()[0];
    group.bench_function("goods", |bencher| bencher.iter(|| compiled(sample)));
    group.finish();
}

/// Rounds of the table of ratios; a median of so many is steady to a few per cent.
const ROUNDS: usize = 41;
/// What one round of one contender takes at least.
const ROUND: Duration = Duration::from_millis(5);

/// One thing that is timed.
type Contender<'a> = (&'static str, Box<dyn Fn() + 'a>);

/// The table: throughput of each, and how it compares with the first and the last.
fn ratios() {
    let catalogue = gateway::catalogue(&Config::default()).expect("families");
    let lists = lists_only();
    let limits = Limits::default();
    println!(
        "\nmedians of {ROUNDS} interleaved rounds, MB/s (times as long as the bare quick-xml reader)"
    );
    for sample in samples() {
        let text = sample.text.as_str();
        let schema = compiled(&sample);
        #[cfg(feature = "libxml2")]
        let peer = libxml2::Schema::compile(&format!("{}/{}", sample.folder, sample.schema));
        #[allow(unused_mut, reason = "only the feature adds one")]
        let mut contenders: Vec<Contender<'_>> = vec![
            ("quick-xml", Box::new(|| _ = black_box(bare(text)))),
            ("reader", Box::new(|| _ = black_box(read(text, &limits)))),
            ("walk", Box::new(|| walk(&schema, text, &limits))),
            ("lists", Box::new(|| check(&lists, text, &limits))),
            ("check", Box::new(|| check(&catalogue, text, &limits))),
        ];
        #[cfg(feature = "libxml2")]
        contenders.push(("libxml2", Box::new(|| assert!(peer.is_valid(text)))));
        let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
        for _ in 0..ROUNDS {
            for (at, (_, run)) in contenders.iter_mut().enumerate() {
                let start = Instant::now();
                let mut runs = 0u32;
                while runs == 0 || start.elapsed() < ROUND {
                    run();
                    runs += 1;
                }
                times[at].push(start.elapsed() / runs);
            }
        }
        let medians: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                times.sort_unstable();
                times[ROUNDS / 2].as_secs_f64()
            })
            .collect();
        print!("{:18}", sample.name);
        for ((name, _), median) in contenders.iter().zip(&medians) {
            let speed = text.len() as f64 / median / 1e6;
            print!("  {name} {speed:.0} ({:.2})", median / medians[0]);
        }
        if let [.., walk, lists, check, peer] = medians[..]
            && medians.len() > 5
        {
            let (walk, lists, check) = (peer / walk, peer / lists, peer / check);
            print!("  libxml2 : walk {walk:.1}, : lists {lists:.1}, : check {check:.1}");
        }
        println!();
    }
}

/// The few functions of libxml2 that validate a document in memory.
#[cfg(feature = "libxml2")]
mod libxml2 {
    use std::ffi::{CString, c_char, c_int, c_void};
    use std::ptr::null;

    #[link(name = "xml2")]
    unsafe extern "C" {
        fn xmlSchemaNewParserCtxt(url: *const c_char) -> *mut c_void;
        fn xmlSchemaParse(context: *mut c_void) -> *mut c_void;
        fn xmlSchemaNewValidCtxt(schema: *mut c_void) -> *mut c_void;
        fn xmlSchemaFreeValidCtxt(context: *mut c_void);
        fn xmlSchemaValidateDoc(context: *mut c_void, document: *mut c_void) -> c_int;
        fn xmlReadMemory(
            text: *const c_char,
            size: c_int,
            url: *const c_char,
            encoding: *const c_char,
            options: c_int,
        ) -> *mut c_void;
        fn xmlFreeDoc(document: *mut c_void);
    }

    pub struct Schema(*mut c_void);

    impl Schema {
        pub fn compile(path: &str) -> Schema {
            let path = CString::new(path).expect("a path");
            // SAFETY: the path outlives the call; what is given back lives until the end.
            let schema = unsafe { xmlSchemaParse(xmlSchemaNewParserCtxt(path.as_ptr())) };
            assert!(!schema.is_null(), "libxml2 takes the schema");
            Schema(schema)
        }

        pub fn is_valid(&self, text: &str) -> bool {
            // SAFETY: the text outlives the document, which is freed before it.
            unsafe {
                let size = text.len() as c_int;
                let document = xmlReadMemory(text.as_ptr().cast(), size, null(), null(), 0);
                let context = xmlSchemaNewValidCtxt(self.0);
                let valid = xmlSchemaValidateDoc(context, document) == 0;
                xmlSchemaFreeValidCtxt(context);
                xmlFreeDoc(document);
                valid
            }
        }
    }
}

criterion_group!(groups, benches);

fn main() {
    groups();
    Criterion::default().configure_from_args().final_summary();
    if std::env::args().any(|argument| argument == "--bench")
        && !std::env::args().any(|argument| argument == "--test")
    {
        ratios();
    }
}
