//! Two programs for `benches/aws_live.py`: a service that speaks AWS with a latency, and a whole live read of it.
//!
//!     live serve USERS LATENCY_MS [PER_SECOND] [THROTTLED_PERCENT]    prints its address, then waits to be killed
//!     live scan ADDRESS LEAVERS|everyone [PER_SECOND] [IN_FLIGHT]     prints one line of JSON

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark, not shipped"
)]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

#[path = "../live/kit.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod kit;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use holdover_kit::fault::{Damage, FaultServer, On, RateLimit};
use holdover_kit::stub::aws::{Aws, KEY_ID, SECRET, crowd, operation_of, throttled};
use scan_contract::{Item, Pass, Scanner, Scope, channel};
use scan_transport::PaceSettings;

use crate::kit::{Key, block_on, scanner, settings};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", users, latency, rest @ ..] => serve(number(users), number(latency), rest),
        ["scan", address, who, rest @ ..] => block_on(scan(address, who, rest)),
        _ => println!("see benches/aws_live.py"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn serve(users: u64, latency: u64, rest: &[&str]) {
    let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).expect("an instant");
    let aws = Arc::new(Aws::new(crowd(usize::try_from(users).expect("small"), now)));
    let mut build = FaultServer::build(aws).operations(operation_of).latency(Duration::from_millis(latency));
    if let Some(per_second) = rest.first().map(|text| number(text)).filter(|limit| *limit > 0) {
        let per_second = u32::try_from(per_second).expect("small");
        build = build.limit(RateLimit::per_second(per_second, |_, _| throttled()).burst(per_second));
    }
    let server = build.start();
    let _planted = rest
        .get(1)
        .map(|percent| server.plant(On::any().share(number(percent), 7), Damage::Reply(throttled())).optional());
    println!("{}", server.origin());
    loop {
        std::thread::park();
    }
}

/// Peak resident set in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    number(line.split_whitespace().nth(1).expect("a number"))
}

#[derive(Default)]
struct Sums {
    records: u64,
    gaps: u64,
    offered: Vec<Scope>,
}

async fn walk(scanner: &scan_aws::live::AwsLive, pass: &Pass, sums: &mut Sums, matters: &dyn Fn(&Scope) -> bool) {
    let (outlet, mut inlet) = channel(4);
    let drain = async {
        while let Some(item) = inlet.recv().await {
            match item {
                Item::Sheet { sheet, .. } => sums.records += sheet.len() as u64,
                Item::Gap(_) => sums.gaps += 1,
                Item::Scopes(found) => sums.offered.extend(found.into_iter().filter(|scope| matters(scope))),
                Item::Open { .. } | Item::Notice(_) | Item::Seal { .. } => {}
            }
        }
    };
    let (ended, ()) = tokio::join!(scanner.read(pass, outlet), drain);
    ended.expect("the walk ends");
}

async fn scan(address: &str, who: &str, rest: &[&str]) {
    let mut settings = settings("111122223333", address, &Key::new(KEY_ID, SECRET));
    let per_second = rest.first().map_or(2_000.0, |text| f64::from(u32::try_from(number(text)).expect("small")));
    let in_flight = rest.get(1).map_or(16, |text| usize::try_from(number(text)).expect("small"));
    let burst = if per_second < 1_000.0 { 10 } else { 500 };
    settings.connection.pace =
        Some(PaceSettings { per_second, burst, in_flight, share: 1.0, attempts: 8, ..PaceSettings::default() });
    let idle = peak();
    let scanner = scanner(settings, SECRET);
    let leavers = if who == "everyone" { u64::MAX } else { number(who) };
    let matters = |scope: &Scope| {
        let login = scope.bound_to.as_ref().and_then(|holder| holder.login.as_deref()).unwrap_or_default();
        leavers == u64::MAX
            || login.strip_prefix("user").and_then(|text| text.parse().ok()).is_some_and(|index: u64| index < leavers)
    };
    let mut sums = Sums::default();
    let began = Instant::now();
    scanner.identify().await.expect("an identity");
    for pass in scanner.declare().await.expect("scopes") {
        walk(&scanner, &pass, &mut sums, &matters).await;
    }
    let offered = std::mem::take(&mut sums.offered);
    let bulk = (scanner.effort().expect("counted").requests, began.elapsed().as_secs_f64());
    for chunk in offered.chunks(300) {
        walk(&scanner, &Pass::new("follow-ups", chunk.to_vec()), &mut sums, &matters).await;
    }
    let effort = scanner.effort().expect("counted");
    let report = serde_json::json!({
        "calls": effort.requests, "retries": effort.retries, "throttled": effort.throttled,
        "bulk_calls": bulk.0, "bulk_seconds": bulk.1, "seconds": began.elapsed().as_secs_f64(),
        "records": sums.records, "gaps": sums.gaps, "follow_ups": offered.len(),
        "peak_kib": peak(), "above_idle_kib": peak().saturating_sub(idle),
    });
    println!("{report}");
}
