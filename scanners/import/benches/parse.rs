//! How fast native records are read, as a ratio to `serde_json` reading the same lines whole in the same run.
//!
//! `cargo bench -p scan-import --bench parse [-- MEBIBYTES [THREADS]]`

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a benchmark asks the time")]
#![expect(clippy::expect_used, reason = "a benchmark fails loudly")]

use std::fmt::Write as _;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use scan_contract::{Cause, Document, Documents, Entry, Item, Origin, Scanner as _, SystemId, channel};
use scan_import::{FileSettings, Format, Import, Settings};
use serde::Deserialize;

/// One file in memory.
struct Memory(Arc<[u8]>);

struct Shared(Cursor<Arc<[u8]>>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Documents for Memory {
    fn open(&self, path: &Path) -> Result<Document, Cause> {
        let reader = Box::new(Shared(Cursor::new(Arc::clone(&self.0))));
        let origin = Origin(path.display().to_string());
        Ok(Document { reader, length: self.0.len() as u64, modified: None, origin })
    }

    fn list(&self, _: &Path) -> Result<Vec<Entry>, Cause> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> Result<bool, Cause> {
        Ok(true)
    }
}

/// What a reader without spans would build of every line.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are what is measured")]
struct Whole {
    record: String,
    scope: String,
    kind: String,
    grant_id: String,
    grant_display: Option<String>,
    status: String,
    privilege: Option<String>,
    created_at: Option<chrono::DateTime<chrono::Utc>>,
    last_used_at: Option<chrono::DateTime<chrono::Utc>>,
    last_used_precision: Option<String>,
    holders: Vec<Holder>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are what is measured")]
struct Holder {
    relation: String,
    provider_id: Option<String>,
    employee_id: Option<String>,
    email: Option<String>,
    login: Option<String>,
}

fn export(bytes: usize) -> (String, usize) {
    let mut text = String::with_capacity(bytes + 1024);
    text.push_str(r#"{"record":"header","format":"holdover-import","version":1,"system":"crm","as_of":"2026-08-01T01:00:00Z","scopes":["accounts","api-tokens"]}"#);
    text.push('\n');
    let mut records = 0_usize;
    while text.len() < bytes {
        let n = records.wrapping_mul(2_654_435_761) % 1_000_003;
        let (day, hour, minute) = (1 + n % 28, n % 24, n % 60);
        let line = if records.is_multiple_of(3) {
            writeln!(
                text,
                r#"{{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":"tok_{records}","status":"enabled","privilege":"write","parent":"u-{n}","created_at":"2024-01-{day:02}T{hour:02}:{minute:02}:00Z","last_used_at":null,"holders":[{{"relation":"creator","provider_id":"u-{n}"}}]}}"#
            )
        } else {
            writeln!(
                text,
                r#"{{"record":"access","scope":"accounts","kind":"account","grant_id":"u-{records}","status":"enabled","privilege":"read","created_at":"2023-04-{day:02}T{hour:02}:00:{minute:02}Z","last_used_at":"2026-07-{day:02}T22:{minute:02}:00Z","holders":[{{"relation":"holder","provider_id":"u-{records}","email":"person{n}@acme.example","login":"person{n}"}}]}}"#
            )
        };
        line.expect("writing to memory");
        records += 1;
    }
    let tokens = records.div_ceil(3);
    writeln!(text, r#"{{"record":"end","counts":{{"accounts":{},"api-tokens":{tokens}}}}}"#, records - tokens)
        .expect("writing to memory");
    (text, records)
}

/// Reads everything; looks at each record as the matching engine does.
fn scan(bytes: &Arc<[u8]>, threads: usize, look: bool) -> usize {
    let mut settings = Settings::new(SystemId::from("crm"));
    settings.threads = threads;
    settings.files = vec![FileSettings { path: PathBuf::from("crm.ndjson"), format: Format::Ndjson }];
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let import = Import::new(settings, Arc::new(Memory(Arc::clone(bytes)))).expect("a scanner");
        let passes = import.declare().await.expect("passes");
        let mut records = 0;
        for pass in &passes {
            let (outlet, mut receiver) = channel(4);
            let taking = async {
                while let Some(item) = receiver.recv().await {
                    match item {
                        Item::Sheet { sheet, .. } => {
                            records += sheet.len();
                            let mut seen = 0;
                            for index in 0..if look { sheet.len() } else { 0 } {
                                seen += sheet.head(index).grant_id.len();
                                sheet.visit_holders(index, &mut |holder| {
                                    seen += holder.login.map_or(0, str::len) + holder.email.map_or(0, str::len);
                                });
                            }
                            std::hint::black_box(seen);
                        }
                        Item::Gap(gap) => println!("unexpected gap: {gap:?}"),
                        _ => {}
                    }
                }
            };
            let (end, ()) = tokio::join!(import.read(pass, outlet), taking);
            end.expect("the walk ends");
        }
        records
    })
}

/// Processor time of this process in seconds, all threads (proc(5), fields 14 and 15, in hundredths).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("proc is there");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}

/// Runs five times; gives bytes per processor second, which other programs disturb less than the clock on the wall.
fn measure(name: &str, bytes: usize, expected: usize, work: impl Fn() -> usize) -> f64 {
    const TIMES: usize = 5;
    let mut wall = f64::INFINITY;
    let before = processor_seconds();
    for _ in 0..TIMES {
        let start = Instant::now();
        assert_eq!(work(), expected, "{name} lost records");
        wall = wall.min(start.elapsed().as_secs_f64());
    }
    let processor = (processor_seconds() - before) / TIMES as f64;
    let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
    let (of_processor, of_wall) = (rate(processor), rate(wall));
    println!("{name:<44} {of_processor:>6.0} MB a processor second, {of_wall:>6.0} MB/s on the wall at best");
    of_processor
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let mebibytes: usize = arguments.next().map_or(128, |text| text.parse().expect("a number of mebibytes"));
    let threads: usize = arguments.next().map_or(2, |text| text.parse().expect("a number of threads"));
    let (text, records) = export(mebibytes << 20);
    println!("{records} records, {} bytes, {} a record", text.len(), text.len() / records);
    let bytes: Arc<[u8]> = Arc::from(text.as_bytes());
    let serde = measure("serde_json, every line whole", bytes.len(), records, || {
        let lines = text.lines().filter(|line| line.starts_with(r#"{"record":"access""#));
        lines.fold(0, |count, line| {
            std::hint::black_box(serde_json::from_str::<Whole>(line).expect("a sound line"));
            count + 1
        })
    });
    let one = measure("import scanner, 1 thread", bytes.len(), records, || scan(&bytes, 1, false));
    let looked = measure("import scanner, 1 thread, heads and holders", bytes.len(), records, || scan(&bytes, 1, true));
    let many =
        measure(&format!("import scanner, {threads} threads"), bytes.len(), records, || scan(&bytes, threads, false));
    println!("against serde_json, by processor time: {:.1} / {:.1} / {:.1}", one / serde, looked / serde, many / serde);
}
