//! streambed's own client against the service at the URL that is given: backlogs of records of several sizes and
//! records that come while it waits arrive whole, once and in order. Prints a line per workload, panics otherwise.
use std::env;
use std::time::{Duration, Instant};
use streambed::commit_log::{CommitLog, Header, ProducerRecord, Subscription};
use streambed_kafka::KafkaRestCommitLog;
use tokio_stream::StreamExt;

struct Workload {
    topic: &'static str,
    records: usize,
    value_bytes: usize,
}

async fn fill(log: &KafkaRestCommitLog, workload: &Workload) {
    for index in 0..workload.records {
        let record = ProducerRecord {
            topic: workload.topic.into(),
            headers: vec![Header { key: "h".into(), value: vec![1] }],
            timestamp: None,
            key: u64::MAX - index as u64,
            value: vec![index as u8; workload.value_bytes],
            partition: 0,
        };
        let produced = log.produce(record).await.expect("produce");
        assert_eq!(produced.offset, index as u64);
    }
}

/// Takes all records, and then waits for the idle timeout, if there is one, to end the subscription.
async fn take(log: &KafkaRestCommitLog, workload: &Workload, idle_timeout: Option<Duration>) {
    let begun = Instant::now();
    let subscriptions = vec![Subscription { topic: workload.topic.into() }];
    let mut records = log.scoped_subscribe("group", vec![], subscriptions, idle_timeout);
    let mut index = 0;
    while let Some(record) = records.next().await {
        assert_eq!(record.offset, index as u64, "{}: a record was lost", workload.topic);
        assert_eq!(record.key, u64::MAX - index as u64);
        assert_eq!(record.value, vec![index as u8; workload.value_bytes]);
        index += 1;
        if index == workload.records && idle_timeout.is_none() {
            break;
        }
    }
    assert_eq!(index, workload.records);
    println!("{}: {} records in {:?}", workload.topic, index, begun.elapsed());
}

#[tokio::main]
async fn main() {
    let server = env::args().nth(1).expect("URL").parse().expect("URL");
    let log = KafkaRestCommitLog::new(server, None, false);
    for workload in [
        Workload { topic: "ns:295-bytes", records: 2000, value_bytes: 130 },
        Workload { topic: "3-kilobytes", records: 1000, value_bytes: 2200 },
        Workload { topic: "20-kilobytes", records: 300, value_bytes: 15_000 },
        Workload { topic: "240-kilobytes", records: 30, value_bytes: 180_000 },
    ] {
        fill(&log, &workload).await;
        let offsets = log.offsets(workload.topic.into(), 0).await.expect("offsets");
        assert_eq!(offsets.end_offset, workload.records as u64 - 1);
        take(&log, &workload, None).await;
    }
    assert!(log.offsets("none".into(), 0).await.is_none());

    let live = Workload { topic: "live", records: 500, value_bytes: 300 };
    tokio::join!(take(&log, &live, None), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        fill(&log, &live).await;
    });
    take(&log, &live, Some(Duration::from_millis(500))).await;
}
