//! Rows X1 to X5: names, certificates, stalls, bombs, and links that lead elsewhere.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use holdover_kit::chaos::{ChaosProxy, Line};
use holdover_kit::fault::{Answer, Asked, Damage, FaultServer, On, Planted, Tls};
use holdover_kit::stub::aws::leaver_and_twin;
use holdover_kit::stub::github::{Made, Truth};
use holdover_kit::stub::okta::OktaStub;
use serde_json::json;

use super::wire::{OKTA_TOKEN, ONCE, QUICK, Told, Wire, aws, github, okta, okta_org, okta_system};
use crate::company::Run;
use crate::live::now;

/// Every scope failed, and says all of this.
#[track_caller]
fn failed(told: &Told, words: &[&str]) {
    for scope in told.states().keys() {
        assert_eq!(told.state(scope), "failed", "{scope}: {:?}", told.gaps(scope));
        told.says(scope, words);
    }
    let others = told.findings().into_iter().filter(|(grant, _)| !["u-1", "t-1"].contains(&grant.as_str()));
    assert!(others.into_iter().all(|(_, state)| state == "unverified"));
}

/// The command that starts others with namespaces of their own, by these arguments; `None`, and said so, where there are
/// none.
fn unshared(arguments: &'static [&'static str]) -> Option<impl Fn() -> Command> {
    let alone = move || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]).args(arguments).stdin(Stdio::null());
        command
    };
    let can = alone().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let required = std::env::var("HOLDOVER_SERVERS").as_deref() == Ok("required");
    assert!(can || !required, "no namespace can be made here: {arguments:?}");
    if !can {
        let skipped = writeln!(std::io::stderr(), "skipped: no namespace can be made here: {arguments:?}");
        assert!(skipped.is_ok(), "a skipped test says so");
    }
    can.then_some(alone)
}

/// The scan of this company, by a command that was prepared.
fn scan_by(command: &mut Command, wire: &Wire) -> Told {
    wire.export();
    wire.live.write();
    let output = command
        .arg(env!("CARGO_BIN_EXE_holdover"))
        .args(["scan", "--no-progress"])
        .current_dir(wire.live.path())
        .env_clear()
        .envs([("TZ", "UTC"), ("TOKEN", OKTA_TOKEN)])
        .output()
        .expect("it starts");
    wire.of(Run::new(&output, wire.live.path()))
}

#[test]
fn x1_a_name_without_an_address_is_told_with_host_and_step() {
    // Names come from files alone: what a resolver out there says of such a name is nobody's promise.
    let Some(alone) = unshared(&["--mount"]) else { return };
    let (_stub, server, mut wire) = okta(0, ONCE);
    let origin = String::from(server.origin());
    wire.reconfigure(&origin, "https://nowhere.invalid");
    std::fs::write(wire.live.path().join("nsswitch.conf"), "hosts: files\n").expect("a file");
    let script = "/usr/bin/mount --bind nsswitch.conf /etc/nsswitch.conf && exec \"$@\"";
    let told = scan_by(alone().args(["/bin/sh", "-c", script, "sh"]), &wire);
    wire.holds(&told);
    failed(&told, &["unreachable", "resolve nowhere.invalid:443"]);
    wire.reconfigure("https://nowhere.invalid", &origin);
    wire.whole();
}

#[test]
fn x1_a_port_where_nobody_listens_is_told_with_host_and_step() {
    let (_stub, server, mut wire) = okta(0, ONCE);
    let origin = String::from(server.origin());
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    wire.reconfigure(&origin, &format!("http://127.0.0.1:{port}"));
    let told = wire.fault();
    failed(&told, &["unreachable", &format!("connect to 127.0.0.1:{port}"), "connection refused"]);
    wire.reconfigure(&format!("http://127.0.0.1:{port}"), &origin);
    wire.whole();
}

#[test]
fn x1_a_network_without_a_route_is_told_as_one() {
    let Some(alone) = unshared(&["--net"]) else { return };
    let (_stub, server, wire) = okta(0, ONCE);
    let before = server.count();
    let told = scan_by(&mut alone(), &wire);
    failed(&told, &["unreachable", "connect to 127.0.0.1", "no route"]);
    assert_eq!(server.count(), before);
    wire.whole();
}

/// Okta over TLS, as this certificate shows it.
fn secured(stub: &Arc<OktaStub>, wire: &Wire, tls: Tls) -> FaultServer {
    let server = FaultServer::build(Arc::clone(stub)).tls(tls).start();
    std::fs::write(wire.live.path().join("roots.pem"), server.roots().expect("roots")).expect("a file");
    server
}

#[test]
fn x2_each_check_of_a_certificate_that_fails_is_named() {
    let (stub, server, mut wire) = okta(0, ONCE);
    wire.reconfigure("internal: true", "ca_file: roots.pem, internal: true");
    std::fs::write(wire.live.path().join("roots.pem"), "").expect("a file");
    let mut origin = String::from(server.origin());
    for (tls, words) in [
        (Tls::Expired, "the certificate has expired"),
        (Tls::WrongHost, "the certificate is for another host"),
        (Tls::UnknownRoot, "the certificate's issuer is not among the trusted roots"),
        (Tls::PlainText, "what answers does not speak TLS"),
    ] {
        let bad = secured(&stub, &wire, tls);
        wire.reconfigure(&origin, bad.origin());
        origin = String::from(bad.origin());
        let told = wire.fault();
        let host = origin.replace("https://", "");
        failed(&told, &["unreachable", &format!("TLS with {host}"), words]);
        assert!(bad.connections() > 0);
        assert_eq!(bad.count(), 0, "no request and no credential went there: {tls:?}");
    }
    let good = secured(&stub, &wire, Tls::Good);
    wire.reconfigure(&origin, good.origin());
    wire.whole();
    assert!(good.count() > 0);
}

/// For a service that says nothing: what is healthy answers sooner, also on a machine that has much to do.
const IMPATIENT: &str = "connect_timeout: 2s, idle_timeout: 2s, total_timeout: 20s, ";
/// For one that talks and does not end.
const BRIEF: &str = "idle_timeout: 20s, total_timeout: 4s, ";

/// Gives other limits of time to the system.
fn timed(wire: &mut Wire, before: &str, after: &str) {
    let begins = "internal: true, ";
    wire.reconfigure(
        &format!("{before}{begins}plain_to_loopback: true, pace: {{ per_second: 1000"),
        &format!("{after}{begins}plain_to_loopback: true, pace: {{ per_second: 1000"),
    );
}

#[test]
fn x3_each_limit_of_time_is_named_and_what_was_read_stays() {
    let (_stub, server, mut wire) = okta(8, ONCE);
    let drip = Damage::Drip { bytes: 1, every: Duration::from_millis(200) };
    for (damage, limits, words) in [
        (Damage::StallAfter(10), IMPATIENT, "idle time limit of 2 s while reading the body from 127.0.0.1"),
        (Damage::Silence, IMPATIENT, "idle time limit of 2 s while waiting for headers from 127.0.0.1"),
        (drip, BRIEF, "total time limit of 4 s"),
    ] {
        let stalled = server.plant(On::get("/api/v1/users").nth(3), damage);
        timed(&mut wire, "", limits);
        let told = wire.fault();
        timed(&mut wire, limits, "");
        assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4));
        told.says("users", &["limit reached", "page 3", words]);
        assert_eq!(told.state("api-tokens"), "complete");
        stalled.expect_fired();
        stalled.withdraw();
    }
    wire.whole();
}

#[test]
fn x3_a_late_line_is_read_late_and_one_that_breaks_is_asked_again() {
    let (_stub, server, mut wire) = okta(0, QUICK);
    let proxy = ChaosProxy::start(server.port());
    let origin = proxy.origin("http");
    let direct = String::from(server.origin());
    server.known_as(&origin);
    wire.reconfigure(&direct, &origin);
    proxy.set(Line { latency: Duration::from_millis(60), ..Line::default() });
    wire.whole();
    let before = proxy.counts();
    proxy.set(Line { reset_after: Some(700), connections: 1, ..Line::default() });
    wire.whole();
    assert!(proxy.counts().resets > before.resets, "a connection broke");
    proxy.set(Line { bytes_per_second: Some(20_000), ..Line::default() });
    wire.whole();
    server.known_as(&direct);
}

#[test]
fn x3_a_line_that_swallows_everything_hits_a_limit_that_is_named() {
    let (_stub, server, mut wire) = okta(0, ONCE);
    let proxy = ChaosProxy::start(server.port());
    let direct = String::from(server.origin());
    wire.reconfigure(&direct, &proxy.origin("http"));
    proxy.set(Line { black_hole: true, ..Line::default() });
    timed(&mut wire, "", IMPATIENT);
    let told = wire.fault();
    timed(&mut wire, IMPATIENT, "");
    for scope in told.states().keys() {
        assert_ne!(told.state(scope), "complete");
        told.says(scope, &["limit reached", "idle time limit of 2 s", "waiting for headers from 127.0.0.1"]);
    }
    assert!(proxy.counts().swallowed > 0);
    wire.reconfigure(&proxy.origin("http"), &direct);
    wire.whole();
}

/// Highest resident memory of the scan in KiB, sampled until it ends.
fn measured(wire: &Wire) -> (Told, u64) {
    wire.export();
    wire.live.write();
    let mut child = crate::company::command(wire.live.path())
        .args(["scan", "--no-progress"])
        .env("TOKEN", &wire.live.token)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a state").is_none() {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
        peak = peak.max(now.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("its output");
    (wire.of(Run::new(&output, wire.live.path())), peak)
}

/// Memory that no answer may make the program use, in KiB. A limit of 4 MiB an answer is configured.
const MEMORY: u64 = 160 * 1024;

#[test]
fn x4_no_answer_is_too_large_for_memory_and_the_limit_it_hit_is_named() {
    let small = format!("{ONCE}, largest_answer_mib: 4");
    let (_stub, server, wire) = okta(8, &small);
    let (_, usual) = measured(&wire);
    assert!(usual > 0 && usual < MEMORY, "{usual} KiB without a fault");
    let long = |_: &Asked, answer: Answer| {
        answer.edit(|page| page[0]["profile"]["displayName"] = json!("x".repeat(1 << 20 | 1)))
    };
    let endless = Damage::HugeBody(2 << 30);
    for (damage, words) in [
        (Damage::GzipBomb(256 << 20), "a body of more than 4194304 bytes"),
        (endless, "a body of more than 4194304 bytes"),
        (Damage::DeepJson(100_000), "levels"),
        (Damage::change(long), "bytes"),
    ] {
        let shown = format!("{damage:?}");
        let bomb = server.plant(On::get("/api/v1/users").nth(3), damage);
        let (told, peak) = measured(&wire);
        wire.holds(&told);
        assert_eq!((told.state("users").as_str(), told.objects("users")), ("partial", 4), "{shown}");
        told.says("users", &["page 3", words]);
        assert_eq!(told.state("api-tokens"), "complete");
        assert!(peak < MEMORY, "{shown}: {peak} KiB");
        bomb.expect_fired();
        bomb.withdraw();
    }
    wire.whole();
}

/// A second server that nobody may ask.
fn stranger(tls: Option<Tls>) -> FaultServer {
    let build = FaultServer::build(Arc::new(|_: &Asked| Answer::json(&json!([]))));
    match tls {
        Some(tls) => build.tls(tls).start(),
        None => build.start(),
    }
}

/// The fault is met, both origins are told, and the second server never heard of us.
#[track_caller]
fn not_followed(wire: &Wire, fault: &Planted, scope: &str, ours: &str, elsewhere: &FaultServer) {
    let told = wire.fault();
    fault.expect_fired();
    fault.withdraw();
    assert_eq!(told.state(scope), "partial", "{:?}", told.gaps(scope));
    told.says(scope, &[ours, elsewhere.origin(), "not followed"]);
    assert_eq!((elsewhere.count(), elsewhere.connections()), (0, 0), "no request, no credential, no connection");
}

#[test]
fn x5_a_next_link_to_another_port_or_scheme_is_not_followed() {
    let (_stub, server, wire) = okta(8, QUICK);
    for elsewhere in [stranger(None), stranger(Some(Tls::Good))] {
        let link = Damage::next_link(&elsewhere.url("/api/v1/users?after=x"));
        let fault = server.plant(On::get("/api/v1/users").nth(3), link);
        not_followed(&wire, &fault, "users", server.origin(), &elsewhere);
    }
    // The same port under another name.
    let name = format!("http://localhost:{}", server.port());
    let fault =
        server.plant(On::get("/api/v1/users").nth(3), Damage::next_link(&format!("{name}/api/v1/users?after=x")));
    let told = wire.fault();
    told.says("users", &[server.origin(), &name, "not followed"]);
    wire.heals(&fault);
}

#[test]
fn x5_a_redirect_to_another_place_is_not_followed() {
    let (_stub, server, wire) = okta(8, QUICK);
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = stranger(None);
        let fault =
            server.plant(On::get("/api/v1/users").nth(3), Damage::redirect(status, &elsewhere.url("/x?token=hush")));
        not_followed(&wire, &fault, "users", server.origin(), &elsewhere);
    }
    wire.whole();
}

#[test]
fn x5_links_and_redirects_of_other_systems_are_not_followed_either() {
    let truth = Truth { made: Made { outside: 230, ..Made::default() }, ..Truth::usual() };
    let (_stub, server, wire) = github(truth, QUICK);
    let elsewhere = stranger(None);
    let link = Damage::next_link(&elsewhere.url("/orgs/acme/outside_collaborators?page=2"));
    let fault = server.plant(On::get("/orgs/*/outside_collaborators").nth(1), link);
    not_followed(&wire, &fault, "outside-collaborators", server.origin(), &elsewhere);
    let redirect = Damage::redirect(302, &elsewhere.url("/orgs/acme/outside_collaborators"));
    let fault = server.plant(On::get("/orgs/*/outside_collaborators").nth(2), redirect);
    not_followed(&wire, &fault, "outside-collaborators", server.origin(), &elsewhere);
    wire.whole();
    let mut truth = leaver_and_twin(now());
    truth.page = 2;
    let (_aws, server, wire) = aws(truth, QUICK);
    let redirect = Damage::redirect(307, &elsewhere.url("/"));
    let fault = server.plant(On::operation("iam:GetAccountAuthorizationDetails").nth(2), redirect);
    not_followed(&wire, &fault, "111122223333/iam.users", server.origin(), &elsewhere);
    wire.whole();
}

/// Kept whole so that the imports of the helpers stay honest.
#[test]
fn x0_the_same_company_without_a_fault_is_whole_over_a_proxy() {
    let stub = Arc::new(OktaStub::new(okta_org(0)).with_api_token(OKTA_TOKEN, "00uscan").with_pages_of(2));
    let server = FaultServer::start(Arc::clone(&stub));
    let proxy = ChaosProxy::start(server.port());
    server.known_as(&proxy.origin("http"));
    let wire = Wire::new(&okta_system(&proxy.origin("http"), QUICK), OKTA_TOKEN, str::to_owned);
    wire.whole();
    assert!(proxy.counts().down > 0);
}
