//! Many objects in little memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::bench::{Bench, Point, Setting, Stage};
use super::drive::{excused, judge, run, scanner_of};
use super::read::{Follow, Keep, read_keeping};

/// Bytes this process holds in memory. `None` where the system does not say.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What reading a large world took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// Records read.
    pub records: u64,
    /// Requests answered.
    pub requests: usize,
    /// Most bytes held beyond what was held before the first request; the stub's own work is among them.
    pub memory: u64,
    /// Wall time.
    pub time: Duration,
}

/// A hundred thousand objects are read whole while memory grows by at most `limit` bytes. Memory is that of the whole
/// process, so that this point has to run by itself: as an ignored test that a script asks for, or in a test program of
/// its own. Follow-ups are not read.
pub fn hundred_thousand_objects_within(bench: &dyn Bench, limit: u64) -> Option<Took> {
    if excused(bench, Point::ManyObjects, "") {
        return None;
    }
    let mut failures = Vec::new();
    let objects = 100_000;
    let setting = Setting::of(Stage::Large { objects });
    let service = bench.serve(&setting);
    let before = resident();
    let watch = Watch::start();
    let began = tokio::time::Instant::now();
    let mut records = 0;
    match scanner_of(bench, &service, &setting) {
        Err(cause) => failures.push(format!("there is no scanner: {cause}")),
        Ok(scanner) => run(async {
            let reading = read_keeping(&scanner, Follow::Nobody, Keep::Counts).await;
            records = reading.scopes.values().map(|scope| scope.count).sum();
            failures.extend(reading.breaches.clone());
            failures.extend((!reading.is_whole()).then(|| format!("not complete:{}", reading.shown_gaps())));
        }),
    }
    let took = Took {
        records,
        requests: service.server.count(),
        memory: watch.most().saturating_sub(before.unwrap_or(0)),
        time: began.elapsed(),
    };
    if records < objects as u64 {
        failures.push(format!("{records} records of {objects} objects"));
    }
    if before.is_none() || took.memory > limit {
        failures.push(format!("memory grew by {} bytes, allowed are {limit}", took.memory));
    }
    failures.extend(service.server.complaints());
    service.server.stop();
    judge(Point::ManyObjects, &failures);
    Some(took)
}

/// Looks at memory every few milliseconds.
struct Watch {
    most: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn start() -> Self {
        let (most, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, ends) = (Arc::clone(&most), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                seen.fetch_max(resident().unwrap_or(0), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { most, over, thread }
    }

    fn most(self) -> u64 {
        self.over.store(true, Ordering::SeqCst);
        if self.thread.join().is_err() {
            return u64::MAX;
        }
        self.most.load(Ordering::SeqCst)
    }
}
