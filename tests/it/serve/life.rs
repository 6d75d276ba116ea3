//! Start, reload, stop.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{QUIET, Serving, today, until};
use crate::company::Company;

#[test]
fn it_starts_tells_its_health_and_ends_cleanly_when_told_to() {
    let company = today(QUIET);
    let mut serving = Serving::start(&company);
    let health = serving.get("/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    let ready = serving.get("/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    let known = serving.known("GET", "/readyz", "");
    assert!(known.body.contains("configuration: valid") && known.body.contains("next run: leap-day"), "{known:?}");
    let before = Instant::now();
    serving.signal(Signal::TERM);
    assert_eq!(serving.end().code(), Some(0), "{}", serving.told());
    assert!(before.elapsed() < Duration::from_secs(10), "it ended in {:?}; {}", before.elapsed(), serving.why());
}

#[test]
fn a_good_configuration_is_taken_over_and_a_bad_one_changes_nothing() {
    let mut company = today(QUIET);
    let serving = Serving::start(&company);
    company.extra = QUIET.replace("name: leap-day", "name: renamed");
    company.write_all();
    serving.signal(Signal::HUP);
    until("the new schedule", || serving.known("GET", "/readyz", "").body.contains("next run: renamed").then_some(()));
    company.write("holdover.yaml", company.config().replace("connector: import", "connector: imprt"));
    serving.signal(Signal::HUP);
    until("the refusal", || serving.known("GET", "/readyz", "").body.contains("was refused").then_some(()));
    let ready = serving.known("GET", "/readyz", "");
    assert_eq!(ready.status, 200);
    assert!(ready.body.contains("imprt") && ready.body.contains("next run: renamed"), "{}", ready.body);
    // Whoever is not known learns nothing of it.
    assert_eq!(serving.get("/readyz").body, "ready\n");
    let metrics = serving.known("GET", "/metrics", "").body;
    assert!(metrics.contains("\nholdover_config_reload_success 0\n"), "{metrics}");
    assert!(metrics.contains("holdover_serve_next_run_timestamp_seconds{schedule=\"renamed\"}"), "{metrics}");
    // The earlier one still runs.
    assert_eq!(serving.run("")["state"], "ended");
}

/// The policy belongs to the configuration that is in force: a refused one decides nothing.
#[test]
fn a_refused_policy_is_not_that_of_the_next_run() {
    let company = today(&format!("{QUIET}policy: policy.yaml\n"));
    let good = "version: 1\nrules:\n  - id: at-once\n    when: {}\n    mode: immediate\n    allow: { default: 0m }\n    approvers: { group: owners, count: 1 }\n";
    company.write("policy.yaml", good);
    let serving = Serving::start(&company);
    let before = serving.run("")["exit_code"].clone();
    company.write("policy.yaml", "version: 1\nrules: nonsense\n");
    serving.signal(Signal::HUP);
    until("the refusal", || serving.known("GET", "/readyz", "").body.contains("was refused").then_some(()));
    assert_eq!(serving.run("")["exit_code"], before);
    // The twin: what is taken over decides.
    company.write("policy.yaml", good);
    serving.signal(Signal::HUP);
    until("the new one", || (!serving.known("GET", "/readyz", "").body.contains("was refused")).then_some(()));
    assert_eq!(serving.run("")["exit_code"], before);
}

#[test]
fn a_file_that_changes_is_noticed_without_a_signal() {
    let mut company = today(&QUIET.replace("watch: 0s", "watch: 1s"));
    let serving = Serving::start(&company);
    company.extra = QUIET.replace("watch: 0s", "watch: 1s").replace("name: leap-day", "name: noticed");
    company.write_all();
    until("the new schedule", || serving.known("GET", "/readyz", "").body.contains("next run: noticed").then_some(()));
    serving.until_told("a file changed");
}

#[test]
fn another_listener_waits_for_a_restart_and_the_old_one_goes_on_as_it_was() {
    let mut company = today(QUIET);
    let serving = Serving::start(&company);
    // Without the bearer, the page would show itself to everybody on the old address.
    company.extra = QUIET.replace("  bearer: { env: BEARER }\n", "");
    company.write_all();
    serving.signal(Signal::HUP);
    serving.until_told("restart needed");
    assert_eq!(serving.get("/metrics").status, 401);
    assert_eq!(serving.known("GET", "/metrics", "").status, 200);
    assert!(serving.known("GET", "/readyz", "").body.contains("restart needed"));
}

#[test]
fn what_cannot_listen_or_is_not_configured_ends_with_its_code() {
    let mut company = Company::new();
    company.write_all();
    let (code, told) = Serving::refused(&company);
    assert_eq!(code, 2);
    assert!(told.contains("no section `serve`"), "{told}");
    company.extra = String::from("serve: { listen: \"0.0.0.0:9911\", schedule: [{ cron: \"@daily\" }] }\n");
    company.write_all();
    let (code, told) = Serving::refused(&company);
    assert_eq!(code, 2);
    assert!(told.contains("reached from other machines"), "{told}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    company.extra = format!("serve: {{ listen: \"{address}\", schedule: [{{ cron: \"@daily\" }}] }}\n");
    company.write_all();
    let (code, told) = Serving::refused(&company);
    assert_eq!(code, 6);
    assert!(told.contains(&format!("listening on {address}")), "{told}");
    // A secret that anybody could guess signs nobody in.
    company.write("short", "hunter2");
    set_private(&company, "short");
    company.extra = String::from("serve: { bearer: { file: short }, schedule: [{ cron: \"@daily\" }] }\n");
    company.write_all();
    let (code, told) = Serving::refused(&company);
    assert_eq!(code, 2);
    assert!(told.contains("shorter than 16 bytes") && !told.contains("hunter2"), "{told}");
}

/// For its owner alone.
pub(super) fn set_private(company: &Company, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = company.path().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

#[test]
fn the_next_times_are_printed_by_config_check() {
    let company = today("serve:\n  schedule: [{ cron: \"30 2 * * *\", time_zone: Europe/Berlin, jitter: 10m }]\n");
    let check = company.holdover(&["config", "check"]);
    check.expect(0);
    let line = check.stdout.lines().find(|line| line.starts_with("schedule-1: ")).expect("the entry");
    assert_eq!(line.matches(", ").count(), 2, "{line}");
    assert!(line.contains(" 02:3") || line.contains(" 02:40"), "{line}");
}

/// What a service manager hears.
#[test]
fn a_service_manager_is_told_of_readiness_reloads_life_and_the_end() {
    let company = today(QUIET);
    let path = company.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(super::PATIENCE)).expect("a limit");
    let hear = |words: &str| {
        let mut heard = Vec::new();
        loop {
            let mut bytes = [0; 4096];
            let length = socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{words}: {error}; heard {heard:?}"));
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.contains(words) {
                return text;
            }
            heard.push(text);
        }
    };
    let place = path.display().to_string();
    let mut serving = Serving::start_with(&company, &[("NOTIFY_SOCKET", &place), ("WATCHDOG_USEC", "2000000")]);
    assert!(hear("READY=1").contains("STATUS=listening on http://"));
    hear("WATCHDOG=1");
    serving.signal(Signal::HUP);
    assert!(hear("RELOADING=1").contains("MONOTONIC_USEC="));
    assert!(hear("READY=1").contains("is in force"));
    serving.signal(Signal::TERM);
    hear("STOPPING=1");
    assert_eq!(serving.end().code(), Some(0));
}
