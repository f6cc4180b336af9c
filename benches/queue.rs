//! The queue between stages, item by item and in batches, against the bare channel that it is
//! made of. Results are asserted; no timing is.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tongguan::pipeline::queue::queue;

const ITEMS: u64 = 1000;

fn through(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    group.throughput(Throughput::Elements(ITEMS));
    group.bench_function("one by one", |bencher| {
        let (queue, outlet) = queue(ITEMS as usize);
        bencher.iter(|| {
            (0..ITEMS).for_each(|item| queue.try_send(item).expect("room"));
            assert_eq!(
                (0..ITEMS).filter_map(|_| outlet.recv()).sum::<u64>(),
                ITEMS * (ITEMS - 1) / 2
            );
        });
    });
    group.bench_function("in batches", |bencher| {
        let (queue, outlet) = queue(ITEMS as usize);
        let mut batch = Vec::new();
        bencher.iter(|| {
            (0..ITEMS).for_each(|item| queue.try_send(item).expect("room"));
            batch.clear();
            assert!(
                outlet.recv_batch(&mut batch, Duration::ZERO, |taken| taken.len()
                    < ITEMS as usize)
            );
            assert_eq!(batch.len() as u64, ITEMS);
        });
    });
    group.bench_function("bare channel", |bencher| {
        let (sender, receiver) = crossbeam::channel::bounded(ITEMS as usize);
        bencher.iter(|| {
            (0..ITEMS).for_each(|item| sender.try_send(item).expect("room"));
            assert_eq!(
                (0..ITEMS).filter_map(|_| receiver.recv().ok()).sum::<u64>(),
                ITEMS * (ITEMS - 1) / 2
            );
        });
    });
    group.finish();
}

criterion_group!(benches, through);
criterion_main!(benches);
