//! The two workloads of streambed-rs's own benchmark, timed on its published crates: 30,000 records with a value of 10
//! bytes, key 0 and no headers, each awaited in turn by one task; and all of them read by one subscriber. On a tokio
//! runtime with a thread per core, as its benchmark has it, and on one with a single thread.
//!
//! `streambed-peers DIR` runs each once and prints one JSON line per figure. What it measures answers before any
//! write(2): a record is in a buffer of the process then, for up to 10 ms.

use std::path::Path;
use std::time::{Duration, Instant};

use streambed::commit_log::{CommitLog, ProducerRecord, Subscription, Topic};
use streambed_logged::FileLog;
use tokio::runtime::{Builder, Runtime};
use tokio_stream::StreamExt;

const RECORDS: usize = 30_000;
/// Its writer flushes after 10 ms without a record.
const FLUSHED: Duration = Duration::from_millis(200);

fn main() {
    let directory = std::env::args().nth(1).expect("a directory");
    for (name, threads) in [("multi-thread", true), ("one-thread", false)] {
        let root = Path::new(&directory).join(name);
        std::fs::create_dir_all(&root).expect("a directory of its own");
        let runtime = runtime(threads);
        let log = FileLog::new(root);
        let appends = rate(&runtime, produce(log.clone()));
        runtime.block_on(async { tokio::time::sleep(FLUSHED).await });
        let reads = rate(&runtime, consume(log));
        print(
            &format!("peers/append/one-by-one/{name}/streambed-rs"),
            appends,
        );
        print(
            &format!("peers/read/one-subscriber/{name}/streambed-rs"),
            reads,
        );
    }
}

fn runtime(threads: bool) -> Runtime {
    let mut builder = if threads {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    builder.enable_all().build().expect("a runtime")
}

/// Records per second of a workload, which runs as a task of its own.
fn rate(
    runtime: &Runtime,
    workload: impl std::future::Future<Output = ()> + Send + 'static,
) -> f64 {
    let start = Instant::now();
    runtime.block_on(async { tokio::spawn(workload).await.expect("the workload") });
    RECORDS as f64 / start.elapsed().as_secs_f64()
}

async fn produce(log: FileLog) {
    let topic = Topic::from("my-topic");
    for _ in 0..RECORDS {
        let record = ProducerRecord {
            topic: topic.clone(),
            headers: vec![],
            timestamp: None,
            key: 0,
            value: vec![7; 10],
            partition: 0,
        };
        log.produce(record).await.expect("a produced offset");
    }
}

async fn consume(log: FileLog) {
    let subscriptions = vec![Subscription {
        topic: Topic::from("my-topic"),
    }];
    let mut records = log.scoped_subscribe("bench", vec![], subscriptions, None);
    for _ in 0..RECORDS {
        records.next().await.expect("a record");
    }
}

fn print(name: &str, rate: f64) {
    println!("{{\"name\":\"{name}\",\"value\":{rate:.0},\"unit\":\"records/s\"}}");
}
