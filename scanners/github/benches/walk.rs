//! What reading an organisation costs, beside a walk that asks each repository for everything:
//! `cargo bench -p scan-github --bench walk -- MEMBERS REPOSITORIES REPOSITORY_REQUESTS MILLISECONDS`.
//!
//! The organisation is made as it is asked for: every tenth repository has a deploy key, every twentieth an environment,
//! every twenty-fifth a workflow with a schedule. The stub runs in the same process, so the memory told is more than the
//! scanner's own.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement that cannot go on ends, and prints")]

use std::sync::Arc;
use std::time::Duration;

use holdover_kit::fault::{FaultServer, path_fits};
use holdover_kit::stub::github::{GitHubStub, Made, Means, Truth};
use scan_contract::{Cause, Item, Scanner, channel};
use scan_github::{ALLOW, Edition, GitHub, Organisation, Settings, SignIn, Ways};
use scan_transport::{Door, PaceSettings, Secret, SecretRef, Secrets};

/// Requests of a walk that asks each repository by itself: collaborators, keys, invitations, webhooks, secrets,
/// environments, runners, workflows, contents.
const NAIVE_A_REPOSITORY: usize = 9;

struct Kept;

impl Secrets for Kept {
    fn fetch(&self, _: &SecretRef) -> Result<Secret, Cause> {
        Ok(Secret::from(String::from("ghp_bench")))
    }
}

fn scene(members: usize, repositories: usize, requests: u32, latency: Duration) -> (FaultServer, GitHub) {
    let made = Made {
        members,
        repositories,
        outside: members / 20,
        teams: members / 10,
        key_every: 10,
        environment_every: 20,
        schedule_every: 25,
    };
    let stub = Arc::new(GitHubStub::new(
        Truth { made, ..Truth::empty() },
        Means::Classic(vec![
            String::from("repo"),
            String::from("admin:org"),
            String::from("admin:org_hook"),
            String::from("manage_billing:copilot"),
        ]),
        "ghp_bench",
    ));
    let name = |asked: &holdover_kit::fault::Asked| {
        let row =
            ALLOW.operations.iter().find(|row| row.method == asked.method && path_fits(row.path, &asked.segments));
        row.map(|row| String::from(row.name))
    };
    let server = FaultServer::build(stub).operations(name).latency(latency).start();
    let organisation = Organisation { login: String::from("acme"), id: Some(4711) };
    let token = SignIn::Token(SecretRef::Environment(String::from("TOKEN")));
    let mut settings = Settings::new("gh".into(), organisation, server.origin().parse().expect("an origin"), token);
    settings.edition = Edition::Cloud;
    settings.connection.internal = true;
    settings.connection.plain_to_loopback = true;
    settings.budget_share = 1.0;
    settings.repository_requests = requests;
    settings.connection.pace =
        Some(PaceSettings { per_second: 100_000.0, burst: 100_000, in_flight: 16, ..PaceSettings::default() });
    #[expect(clippy::disallowed_methods, reason = "a measurement has the real time")]
    let door = Door::open(settings.door(), settings.allow(), Arc::new(chrono::Utc::now)).expect("a door");
    let scanner = GitHub::new(settings, Ways { door, secrets: Arc::new(Kept) }).expect("a scanner");
    (server, scanner)
}

async fn read(scanner: &GitHub) -> (u64, Vec<String>) {
    let (mut records, mut gaps) = (0, Vec::new());
    for pass in scanner.declare().await.expect("scopes") {
        let (outlet, mut receiver) = channel(4);
        let hear = async {
            while let Some(item) = receiver.recv().await {
                match item {
                    Item::Sheet { sheet, .. } => records += sheet.len() as u64,
                    Item::Gap(gap) => gaps.push(format!(
                        "{}: {}",
                        gap.scope.map_or_else(String::new, |scope| scope.to_string()),
                        gap.cause
                    )),
                    _ => {}
                }
            }
        };
        let (result, ()) = tokio::join!(scanner.read(&pass, outlet), hear);
        gaps.extend(result.err().map(|cause| format!("{}: {cause}", pass.name)));
    }
    (records, gaps)
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let number = |at: usize, otherwise: u32| numbers.get(at).copied().unwrap_or(otherwise);
    let (members, repositories) = (number(0, 2_000) as usize, number(1, 5_000) as usize);
    let requests = number(2, scan_github::REPOSITORY_REQUESTS);
    let latency = Duration::from_millis(u64::from(number(3, 0)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (server, scanner) = scene(members, repositories, requests, latency);
    let before = peak_mib();
    #[expect(clippy::disallowed_methods, reason = "a measurement has the real time")]
    let began = std::time::Instant::now();
    let (records, gaps) = runtime.block_on(read(&scanner));
    let seconds = began.elapsed().as_secs_f64();
    let sent = server.count();
    let (points, queries) = scanner.points();
    let rest = sent as u64 - queries;
    let naive = repositories * NAIVE_A_REPOSITORY + members.div_ceil(100);
    println!(
        "{members} members, {repositories} repositories, repository_requests {requests}, {} ms a request",
        latency.as_millis()
    );
    println!(
        "requests {sent}: {rest} REST, {queries} GraphQL for {points} points; REST and points together {}",
        rest + points
    );
    println!(
        "a walk that asks each repository by itself: {naive} requests; ours are {:.1} % of it",
        (rest + points) as f64 * 100.0 / naive as f64
    );
    println!("{records} records in {seconds:.1} s; peak memory {} MiB with the stub, {before} MiB before", peak_mib());
    for gap in gaps {
        println!("not read: {gap}");
    }
    server.stop();
}
