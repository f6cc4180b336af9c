//! What a group of 512 costs beside writing it: its part of a tree of ten million leaves, the
//! proofs, and the receipts. Results are asserted; no timing is.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongguan::declaration::{Digest, Entry, Event, Id, Recorded, Timestamp};
use tongguan::journal::issue::Issuer;
use tongguan::journal::merkle::{Frontier, Hash, leaf_hash};
use tongguan::journal::note::{Key, checkpoint};
use tongguan::journal::{head, receipt};

const GROUP: u64 = 512;
const BEFORE: u64 = 10_000_000;
const BYTES: u64 = 300;

fn entry(number: u64) -> Entry {
    let message = Bytes::from(vec![b'x'; BYTES as usize]);
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Entry {
        id: Id(uuid::Uuid::from_u128(u128::from(number) << 64 | 1)),
        at: Timestamp(1_700_000_000_000 + number as i64),
        event: Event::Recorded(Recorded {
            trader: "acme".to_owned(),
            key: format!("key-{number}"),
            kind: "goods".to_owned(),
            message_type: "DecMessage".to_owned(),
            reference: format!("BJ20260301{number:08}"),
            authority: "customs".to_owned(),
            fields: vec![
                field("office", "0101"),
                field("declarant", "91110000123456789X"),
                field("gross_weight", "1250.5"),
                field("goods_total", "3"),
            ],
            charset: None,
            digest: Digest::of(&message),
            message,
        }),
    }
}

fn receipts(criterion: &mut Criterion) {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key");
    let public = pair.public_key().as_ref().try_into().expect("32 bytes");
    let key = Key::new("gateway.example", public);

    let edge = (0..BEFORE.count_ones()).map(|number| leaf_hash(&number.to_be_bytes()));
    let frontier = Frontier::new(BEFORE, edge.collect());
    let entries: Vec<Entry> = (0..GROUP).map(|number| entry(BEFORE + number)).collect();
    let heads: Vec<Vec<u8>> = entries.iter().map(head).collect();
    let leaves: Vec<Hash> = heads.iter().map(|head| leaf_hash(head)).collect();
    let root = frontier.grow(&leaves).root();
    let text = checkpoint("gateway.example", BEFORE + GROUP, &root);
    let signature = pair.sign(text.as_bytes());
    let note = key.note(&text, &signature.as_ref().try_into().expect("64 bytes"));

    let mut group = criterion.benchmark_group("receipt");
    group.throughput(Throughput::Elements(GROUP));
    group.bench_function("leaves", |bencher| {
        bencher.iter(|| {
            let hashed: Vec<Hash> = heads.iter().map(|head| leaf_hash(head)).collect();
            assert_eq!(hashed, leaves);
        });
    });
    group.bench_function("tree", |bencher| {
        bencher.iter(|| assert_eq!(frontier.grow(&leaves).root(), root));
    });
    let mut made: Vec<Bytes> = Vec::new();
    group.bench_function("tree, proofs and receipts", |bencher| {
        bencher.iter(|| {
            let grown = frontier.grow(&leaves);
            let issuer = Issuer::new(grown.nodes(), &note);
            let numbered = entries.iter().zip(&heads).enumerate();
            made = numbered
                .map(|(nth, (entry, head))| {
                    let index = BEFORE + nth as u64;
                    issuer.receipt(entry, BYTES, index, head, grown.path(nth))
                })
                .collect();
            assert_eq!(made.len() as u64, GROUP);
        });
    });
    group.finish();
    for (receipt, entry) in made.iter().zip(&entries) {
        let Event::Recorded(recorded) = &entry.event else {
            unreachable!("all of them are declarations")
        };
        let keys = format!("{key}\n");
        receipt::verify(receipt, Some(&recorded.message), &keys).expect("it holds");
    }
}

criterion_group!(benches, receipts);
criterion_main!(benches);
