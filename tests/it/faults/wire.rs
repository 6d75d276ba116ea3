//! A company whose systems are asked over a wire: beside each an export that nothing happens to, and a tracker.
//!
//! A test reads it whole first, so that findings are open and stand on tickets; then it plants its fault. [`Wire::fault`]
//! holds what every row promises: what was open stays open, the export is read as before, and no ticket is made, told or
//! closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::SecondsFormat;
use holdover_kit::fault::{FaultServer, Planted};
use holdover_kit::stub::aws::{Aws, KEY_ID, SECRET as AWS_SECRET, Truth as AwsTruth, operation_of};
use holdover_kit::stub::github::{GitHubStub, Means, Truth as GitHubTruth};
use holdover_kit::stub::okta::{OktaOrg, OktaStub, OktaUser};
use holdover_kit::stub::tracker::{Dialect, TrackerStub, app_key};
use holdover_kit::stub::vault::VaultStub;
use serde_json::{Value, json};

use crate::company::{Run, account, list, token, word};
use crate::live::{Live, days_ago, now};

/// Secret of the tracker.
const DESK: &str = "canary-desk-7hQ2mZt9LwKp4sYb6Nd3Fh8";
/// The API token that signs in to Okta.
pub(super) const OKTA_TOKEN: &str = "00canary-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1Ae";
/// The organisation at Okta.
pub(super) const OKTA_ORG: &str = "00o5rb5mt2H3d1TJd0h7";
/// Loopback in plain text, fast, and with waits that end soon: a first repeat is waited for, a third one no more.
pub(super) const QUICK: &str =
    "internal: true, plain_to_loopback: true, pace: { per_second: 1000, burst: 1000, longest_wait: 3s }";
/// The same, where nothing is asked for twice.
pub(super) const ONCE: &str =
    "internal: true, plain_to_loopback: true, pace: { per_second: 1000, burst: 1000, longest_wait: 1s }";

/// The company.
pub(super) struct Wire {
    pub(super) live: Live,
    desk: Arc<TrackerStub>,
    _tracker: FaultServer,
    open: BTreeMap<String, String>,
    /// Exit code of a run without a gap: 1, or 4 where some grants are nobody's for sure.
    usual: i32,
}

/// What one run told.
pub(super) struct Told {
    pub(super) run: Run,
    pub(super) report: Value,
}

impl Told {
    fn of(run: Run) -> Self {
        let report = run.report();
        Self { run, report }
    }

    /// The scopes of the system under test.
    fn scopes(&self) -> &Vec<Value> {
        let system = list(&self.report["systems"]).iter().find(|system| system["id"] != "crm");
        list(&system.expect("the system under test")["scopes"])
    }

    fn scope(&self, name: &str) -> &Value {
        let found = self.scopes().iter().find(|scope| scope["name"] == name);
        found.unwrap_or_else(|| panic!("no scope {name}: {:?}", self.states()))
    }

    /// State of every scope by its name.
    pub(super) fn states(&self) -> BTreeMap<String, String> {
        self.scopes().iter().map(|scope| (word(&scope["name"]), word(&scope["state"]))).collect()
    }

    /// State of one scope.
    pub(super) fn state(&self, name: &str) -> String {
        word(&self.scope(name)["state"])
    }

    /// Distinct objects read in one scope.
    pub(super) fn objects(&self, name: &str) -> u64 {
        self.scope(name)["objects"].as_u64().expect("a count")
    }

    /// Scopes that are not complete.
    pub(super) fn incomplete(&self) -> Vec<String> {
        self.states().into_iter().filter(|(_, state)| state != "complete").map(|(name, _)| name).collect()
    }

    /// Records of one scope that were another's once more.
    pub(super) fn duplicates(&self, name: &str) -> u64 {
        self.scope(name)["duplicates"].as_u64().expect("a count")
    }

    /// Gaps of one scope, each as `part: sentence`.
    pub(super) fn gaps(&self, name: &str) -> Vec<String> {
        let shown = |gap: &Value| format!("{}: {}", gap["part"].as_str().unwrap_or("-"), word(&gap["says"]));
        list(&self.scope(name)["gaps"]).iter().map(shown).collect()
    }

    /// Every gap of the system, each as `scope part: sentence`.
    pub(super) fn all_gaps(&self) -> Vec<String> {
        self.states()
            .keys()
            .flat_map(|name| self.gaps(name).into_iter().map(move |gap| format!("{name} {gap}")))
            .collect()
    }

    /// Fails unless some gap of the scope has all these words.
    #[track_caller]
    pub(super) fn says(&self, scope: &str, words: &[&str]) {
        let gaps = self.gaps(scope);
        let fits = gaps.iter().any(|gap| words.iter().all(|word| gap.contains(word)));
        assert!(fits, "{words:?} of {scope} in {gaps:#?}\n{}", self.run.stderr);
    }

    /// State of what is open, by grant.
    pub(super) fn findings(&self) -> BTreeMap<String, String> {
        list(&self.report["findings"]).iter().map(|one| (word(&one["grant_id"]), word(&one["state"]))).collect()
    }

    /// What asking the system cost.
    pub(super) fn effort(&self, key: &str) -> f64 {
        let system = list(&self.report["systems"]).iter().find(|system| system["id"] != "crm").expect("a system");
        system["effort"][key].as_f64().unwrap_or_else(|| panic!("no {key} in {}", system["effort"]))
    }
}

impl Wire {
    /// A company with this system, read whole once, its findings on tickets.
    #[track_caller]
    pub(super) fn new(system: &str, secret: &str, rename: impl Fn(&str) -> String) -> Self {
        let desk = Arc::new(TrackerStub::new(Dialect::JiraDataCenter, DESK));
        let tracker = FaultServer::start(Arc::clone(&desk));
        let rest = format!(
            "  - {{ id: crm, connector: import, scopes: [accounts, api-tokens], files: [{{ path: crm.ndjson, format: ndjson }}] }}\n\
             tickets:\n  trackers:\n    - id: desk\n      lag: 1s\n      \
             connection: {{ internal: true, plain_to_loopback: true, pace: {{ per_second: 500, burst: 500 }} }}\n      \
             jira: {{ url: \"{}\", project: SEC, sign_in: {{ token: {{ env: DESK_TOKEN }} }} }}\n",
            tracker.origin()
        );
        let mut live = Live::new(format!("{system}{rest}"), secret);
        live.people = live.people.iter().map(|row| rename(row)).collect();
        live.environment.push(("DESK_TOKEN", String::from(DESK)));
        let mut wire = Self { live, desk, _tracker: tracker, open: BTreeMap::new(), usual: 1 };
        wire.prepare();
        wire
    }

    #[track_caller]
    fn prepare(&mut self) {
        let first = self.scan();
        self.usual = if first.report["run"]["flags"]["ambiguous"] == true { 4 } else { 1 };
        self.is_whole(&first);
        // Some kinds offer no second look: the next run confirms them.
        let second = self.scan();
        self.open = second.findings();
        assert!(self.open.values().all(|state| state == "confirmed"), "{:?}", self.open);
        assert!(self.open.len() > 2 && self.open.contains_key("u-1"), "{:?}", self.open);
        let digest = word(&first.report["roster"]["digest"]);
        self.live.run(&["roster", "accept", &digest]).expect(0);
        self.live.run(&["tickets", "sync"]).expect(0);
        for held in list(&self.plan()["held"]) {
            self.live.run(&["tickets", "release", &word(&held["run"])]).expect(0);
        }
        self.live.run(&["tickets", "sync"]).expect(0);
        assert!(!self.desk.desk.tickets().is_empty(), "a ticket stands before the fault");
        self.no_ticket_moves();
    }

    /// The part of the configuration below `systems:`, changed.
    pub(super) fn reconfigure(&mut self, from: &str, to: &str) {
        assert!(self.live.system.contains(from), "{from} in {}", self.live.system);
        self.live.system = self.live.system.replace(from, to);
    }

    /// One scan, with an export of this minute.
    #[track_caller]
    pub(super) fn scan(&self) -> Told {
        self.export();
        Told::of(self.live.scan())
    }

    /// What a run that the test started by itself told.
    pub(super) fn of(&self, run: Run) -> Told {
        assert!(!run.stdout.contains(&self.live.token), "a secret is told");
        Told::of(run)
    }

    /// Writes the export that nothing happens to.
    pub(super) fn export(&self) {
        let email = |row: usize| self.live.people[row].split(',').nth(4).expect("an address").to_owned();
        let as_of = now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let header = json!({"record": "header", "format": "holdover-import", "version": 1, "system": "crm",
            "as_of": as_of, "produced_by": "test", "scopes": ["accounts", "api-tokens"]});
        let lines = [
            header.to_string(),
            account("u-1", &email(0), "enabled"),
            account("u-2", &email(1), "enabled"),
            token("t-1", "u-1", "enabled"),
            json!({"record": "end", "counts": {"accounts": 2, "api-tokens": 1}}).to_string(),
        ];
        std::fs::write(self.live.path().join("crm.ndjson"), format!("{}\n", lines.join("\n"))).expect("a file");
    }

    /// A run that meets a fault: gaps and residual access, everything kept, nothing else touched.
    #[track_caller]
    pub(super) fn fault(&self) -> Told {
        let told = self.scan();
        self.holds(&told);
        told
    }

    /// What every fault leaves as it was.
    #[track_caller]
    pub(super) fn holds(&self, told: &Told) {
        assert_eq!(told.run.code, 4, "{:#?}\n{}", told.all_gaps(), told.run.stderr);
        assert!(!told.incomplete().is_empty(), "a gap");
        self.keeps(told);
    }

    /// What was open is open; the export is whole; no ticket moves.
    #[track_caller]
    fn keeps(&self, told: &Told) {
        let open = told.findings();
        for grant in self.open.keys() {
            assert!(open.contains_key(grant), "{grant} was open, and is not in {open:?}\n{:#?}", told.all_gaps());
        }
        assert_eq!(list(&told.report["closed"]).len(), 0, "a fault closes nothing");
        assert_eq!(open["u-1"], "confirmed", "the other system is read as before");
        let export = list(&told.report["systems"]).iter().find(|system| system["id"] == "crm").expect("the export");
        assert!(list(&export["scopes"]).iter().all(|scope| scope["state"] == "complete"), "{export}");
        assert!(told.all_gaps().iter().all(|gap| !gap.contains("defect")), "{:#?}", told.all_gaps());
        for secret in [DESK, self.live.token.as_str()] {
            assert!(!told.run.stderr.contains(secret) && !told.report.to_string().contains(secret), "a secret is told");
        }
        self.no_ticket_moves();
    }

    fn plan(&self) -> Value {
        let plan = self.live.run(&["tickets", "plan", "--format", "json"]);
        serde_json::from_str(&plan.stdout).unwrap_or_else(|error| panic!("{error}: {}", plan.stderr))
    }

    #[track_caller]
    fn no_ticket_moves(&self) {
        let plan = self.plan();
        // A ticket is told that it could not be looked at this time; none is made, reopened or resolved.
        let moves = list(&plan["steps"]).iter().filter(|step| step["step"] != "revise").count();
        assert_eq!((moves, &plan["held"]), (0, &json!([])), "no ticket moves: {}", plan["teams"]);
    }

    /// A run without a gap, whose findings are those of the first.
    #[track_caller]
    pub(super) fn whole(&self) -> Told {
        let told = self.scan();
        self.is_whole(&told);
        for (grant, state) in told.findings() {
            // What a fault named otherwise than it is named now is gone after two complete reads.
            let expected = if self.open.contains_key(&grant) { "confirmed" } else { "closing" };
            assert_eq!(state, expected, "{grant}");
        }
        self.keeps(&told);
        told
    }

    #[track_caller]
    fn is_whole(&self, told: &Told) {
        assert_eq!(told.run.code, self.usual, "{:#?}\n{}", told.all_gaps(), told.run.stderr);
        assert_eq!((told.incomplete(), &told.report["run"]["flags"]["gaps"]), (Vec::<String>::new(), &json!(false)));
    }

    /// A fault that was met, taken away again: everything is as it was.
    #[track_caller]
    pub(super) fn heals(&self, planted: &Planted) {
        planted.expect_fired();
        planted.withdraw();
        self.whole();
    }
}

/// Ana and Bea at Okta, each with an account, an application and an API token, and so many colleagues.
pub(super) fn okta_org(colleagues: usize) -> OktaOrg {
    let mut org = crate::live::okta::organisation();
    for number in 0..colleagues {
        org.users.push(OktaUser::new(&format!("00u{number:03}"), &format!("c{number}@acme.example")));
    }
    org
}

/// Okta behind a fault server, in pages of two.
pub(super) fn okta(colleagues: usize, connection: &str) -> (Arc<OktaStub>, FaultServer, Wire) {
    let (stub, server) = crate::live::okta::start(okta_org(colleagues));
    let wire = Wire::new(&okta_system(server.origin(), connection), OKTA_TOKEN, str::to_owned);
    (stub, server, wire)
}

/// Okta in a configuration.
pub(super) fn okta_system(origin: &str, connection: &str) -> String {
    format!(
        "  - id: sso\n    connector: okta\n    connection: {{ {connection} }}\n\
         \x20   okta: {{ address: \"{origin}\", organisation: {OKTA_ORG}, sign_in: {{ api_token: {{ env: TOKEN }} }} }}\n"
    )
}

/// A GitHub organisation, signed in to as an App, in which `leaver` left.
pub(super) fn github(truth: GitHubTruth, connection: &str) -> (Arc<GitHubStub>, FaultServer, Wire) {
    let stub = Arc::new(GitHubStub::new(truth, Means::App, "canary"));
    let server = FaultServer::start(Arc::clone(&stub));
    let system = format!(
        "  - id: code\n    connector: github\n    connection: {{ {connection} }}\n\
         \x20   github: {{ organisation: acme, organisation_id: 4711, base: \"{}\", edition: cloud, budget_share: 1.0, \
         sign_in: {{ app: {{ issuer: Iv1.abc, private_key: {{ env: TOKEN }} }} }} }}\n",
        server.origin()
    );
    let wire = Wire::new(&system, &app_key(), |row| row.replace("ana@", "leaver@").replace("bea@", "twin@"));
    (stub, server, wire)
}

/// An AWS account in which `leaver` left.
pub(super) fn aws(truth: AwsTruth, connection: &str) -> (Arc<Aws>, FaultServer, Wire) {
    aws_with(truth, connection, "")
}

/// The same, with more below `live`.
pub(super) fn aws_with(truth: AwsTruth, connection: &str, more: &str) -> (Arc<Aws>, FaultServer, Wire) {
    let stub = Arc::new(Aws::new(truth));
    let server = FaultServer::build(Arc::clone(&stub)).operations(operation_of).start();
    let system = format!(
        "  - id: cloud\n    connector: aws\n    account: \"111122223333\"\n    connection: {{ {connection} }}\n\
         \x20   live: {{ endpoint: \"{}\", sign_in: {{ key: {{ access_key_id: {KEY_ID}, secret_access_key: {{ env: TOKEN }} }} }}{more} }}\n",
        server.origin()
    );
    let wire = Wire::new(&system, AWS_SECRET, |row| row.replace("ana@", "leaver@").replace("bea@", "twin@"));
    (stub, server, wire)
}

/// The usual Vault cluster, in which `alice` left.
pub(super) fn vault(stub: VaultStub, connection: &str) -> (Arc<VaultStub>, FaultServer, Wire) {
    let secret = "s-canary-Xq7vR2mZt9LwKp4sYb6Nd3Fh8Jg5Cu1Ae";
    let stub = Arc::new(stub);
    stub.sign_in("approle", &json!({ "role_id": "holdover", "secret_id": secret }), &["root"]);
    let server = FaultServer::start(Arc::clone(&stub));
    let system = format!(
        "  - id: safe\n    connector: vault\n    login_is: email_local_part\n    connection: {{ {connection} }}\n\
         \x20   vault: {{ address: \"{}\", cluster_id: d45f33c8-9ca5-61da-750e-7a7a088210f5, namespaces: [discover], \
         token_accessors: true, leases: true, secret_owners: true, \
         sign_in: {{ approle: {{ role_id: holdover, secret_id: {{ env: TOKEN }} }} }} }}\n",
        server.origin()
    );
    let wire = Wire::new(&system, secret, |row| row.replace("ana@", "alice@").replace("bea@", "bob@"));
    (stub, server, wire)
}

/// The cursor with which page `page` of the users is asked for, by the log of a whole reading.
pub(super) fn cursor(server: &FaultServer, page: usize) -> String {
    let log = server.log();
    let mut pages = log.iter().filter(|logged| logged.asked.path == "/api/v1/users");
    let asked = &pages.nth(page - 1).expect("that many pages").asked;
    String::from(asked.query("after").expect("a cursor"))
}

/// So many days ago, as Okta writes instants.
pub(super) fn since(days: i64) -> String {
    format!("{}T09:00:00.000Z", days_ago(days))
}
