//! Depth follows interest: what is asked about whom, what a closer look supersedes, and what is not forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scan_contract::{
    Access, AccessKind, AccessRef, AsOf, AsOfSource, Cause, Cursor, Effort, EndProof, Gap, GrantId, Holder, Identity,
    Look, Manifest, Outlet, Pass, ProofKind, Relation, Scanner, Scope, ScopeName, ScopeState, Sealed, Status,
};

use super::world::{World, instant, states};
use crate::report::{CellVerdict, ExitCode, Report, ScopeFact};

const FIRST: &str = "2026-08-03T02:00:00Z";
const SECOND: &str = "2026-08-04T02:00:00Z";
const THIRD: &str = "2026-08-05T02:00:00Z";

/// Users with their addresses, and the keys that only a question about a user shows.
#[derive(Default)]
struct Truth {
    now: String,
    users: BTreeMap<&'static str, &'static str>,
    keys: BTreeMap<&'static str, Vec<&'static str>>,
    /// Users whose keys a list shows by slot.
    slots: Vec<&'static str>,
    denied: Vec<&'static str>,
    asked: Vec<String>,
    closed: u32,
    /// What a second look says, by grant; without an entry none is offered.
    looks: BTreeMap<&'static str, Look>,
    looked_at: Vec<String>,
    /// Fingerprints of those keys that are public keys, by grant.
    public: BTreeMap<&'static str, &'static str>,
    /// Whether answers leave out whose a key is.
    nameless: bool,
}

struct Live {
    truth: Arc<Mutex<Truth>>,
    manifest: Manifest,
}

const MANIFEST: &str = "
connector: aws
title: test
provider: test
live: true
dies_with_account: []
impossible: []
scopes:
  - { kind: users, title: t, yields: [account], needs: [], proof: p, lag: l, cannot_see: [] }
  - { kind: keys, title: t, yields: [access_key, ssh_key], needs: [], proof: p, lag: l, cannot_see: [], follow_up: true }
";

fn live(users: &[(&'static str, &'static str)]) -> (Arc<Live>, Arc<Mutex<Truth>>) {
    let truth = Arc::new(Mutex::new(Truth { users: users.iter().copied().collect(), ..Truth::default() }));
    let manifest = Manifest::parse(MANIFEST).unwrap();
    (Arc::new(Live { truth: Arc::clone(&truth), manifest }), truth)
}

fn holder(user: &str, email: &str) -> Holder {
    let mut holder = Holder::new(Relation::Holder);
    holder.provider_id = Some(String::from(user));
    holder.email = Some(String::from(email));
    holder
}

impl Live {
    fn key(scope: &ScopeName, id: &str, user: &str) -> Access {
        let mut access = Access::new(scope.clone(), AccessKind::AccessKey, GrantId::from(id), Status::Enabled);
        access.parent = Some(GrantId::from(user));
        access
    }

    /// The same as a public key, where the truth says so.
    fn known_as(mut key: Access, public: &BTreeMap<&'static str, &'static str>) -> Access {
        if let Some(print) = public.get(key.grant_id.as_str()) {
            key.kind = AccessKind::SshKey;
            key.public_key = Some((*print).into());
        }
        key
    }

    async fn list(&self, scope: &ScopeName, outlet: &Outlet, as_of: Option<AsOf>) -> Result<(), Cause> {
        let (users, slots, public) = {
            let truth = self.truth.lock().unwrap();
            (truth.users.clone(), truth.slots.clone(), truth.public.clone())
        };
        outlet.open(scope, as_of).await?;
        let mut records = Vec::new();
        let mut offers = Vec::new();
        for (user, email) in users {
            let mut account = Access::new(scope.clone(), AccessKind::Account, GrantId::from(user), Status::Enabled);
            account.holders.push(holder(user, email));
            records.push(account);
            if slots.contains(&user) {
                records.push(Self::known_as(Self::key(scope, &format!("{user}/slot-1"), user), &public));
            }
            let name = ScopeName::new(format!("keys/{user}"));
            offers.push(Scope { name, kind: String::from("keys"), bound_to: Some(Box::new(holder(user, email))) });
        }
        outlet.page(records, Cursor(String::from("1"))).await?;
        outlet.scopes(offers).await?;
        outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await
    }

    async fn ask(&self, scope: &ScopeName, outlet: &Outlet, as_of: Option<AsOf>) -> Result<(), Cause> {
        let user = scope.as_str().trim_start_matches("keys/");
        let (keys, slot, denied, nameless, public) = {
            let mut truth = self.truth.lock().unwrap();
            truth.asked.push(String::from(user));
            let keys = truth.keys.iter().find(|(of, _)| **of == user).map_or_else(Vec::new, |(_, keys)| keys.clone());
            (keys, truth.slots.contains(&user), truth.denied.contains(&user), truth.nameless, truth.public.clone())
        };
        outlet.open(scope, as_of).await?;
        if denied {
            return outlet.gap(Gap::scope(scope, Cause::Denied { permission: String::from("keys:List") })).await;
        }
        let records = keys
            .into_iter()
            .map(|id| {
                let mut key = Self::key(scope, id, user);
                key.parent = key.parent.filter(|_| !nameless);
                key.formerly = slot.then(|| GrantId::from(format!("{user}/slot-1")));
                Self::known_as(key, &public)
            })
            .collect();
        outlet.page(records, Cursor(String::from(user))).await?;
        outlet.seal(scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await
    }
}

#[async_trait]
impl Scanner for Live {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        Ok(Identity { declared: String::from("own"), found: String::from("own") })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        Ok(vec![Pass::new("users", vec![Scope::new("users", "users")])])
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let at = instant(&self.truth.lock().unwrap().now);
        let as_of = Some(AsOf { at, source: AsOfSource::Stated });
        for scope in &pass.scopes {
            match scope.kind.as_str() {
                "users" => self.list(&scope.name, &outlet, as_of).await?,
                _ => self.ask(&scope.name, &outlet, as_of).await?,
            }
        }
        Ok(outlet.finish())
    }

    async fn look(&self, access: &AccessRef) -> Result<Look, Cause> {
        let mut truth = self.truth.lock().unwrap();
        truth.looked_at.push(String::from(access.grant_id.as_str()));
        Ok(truth.looks.get(access.grant_id.as_str()).cloned().unwrap_or(Look::NotOffered))
    }

    fn effort(&self) -> Option<Effort> {
        Some(Effort { requests: self.truth.lock().unwrap().asked.len() as u64 + 1, ..Effort::default() })
    }

    async fn close(&self) -> Result<(), Cause> {
        self.truth.lock().unwrap().closed += 1;
        Ok(())
    }
}

const USERS: [(&str, &str); 4] = [
    ("ana", "p-1@acme.example"),
    ("bea", "p-2@acme.example"),
    ("cem", "p-3@acme.example"),
    ("ghost", "nobody@elsewhere.example"),
];

fn scan(world: &mut World, truth: &Mutex<Truth>, now: &str) -> (Report, Vec<String>) {
    {
        let mut truth = truth.lock().unwrap();
        truth.now = String::from(now);
        truth.asked.clear();
    }
    world.as_of = now.replace("T02", "T01");
    let report = world.scan(now);
    let mut asked = truth.lock().unwrap().asked.clone();
    asked.sort();
    (report, asked)
}

fn scope<'a>(report: &'a Report, name: &str) -> Option<&'a ScopeFact> {
    report
        .systems
        .iter()
        .find(|system| system.id.as_str() == "live")?
        .scopes
        .iter()
        .find(|scope| scope.name.as_str() == name)
}

fn world_with(live: Arc<Live>) -> World {
    let mut world = World::new();
    world.live = Some(live);
    world
}

#[test]
fn only_those_who_left_and_those_who_cannot_be_told_are_asked_about() {
    let (live, truth) = live(&USERS);
    truth.lock().unwrap().keys =
        BTreeMap::from([("ana", vec!["k-ana"]), ("bea", vec!["k-bea"]), ("ghost", vec!["k-g"])]);
    let mut world = world_with(live);
    let (report, asked) = scan(&mut world, &truth, FIRST);
    assert_eq!(asked, ["ana", "ghost"]);
    assert_eq!(report.run.not_of_interest, 2, "two who work here were offered and not asked about");
    assert_eq!(scope(&report, "keys/ana").unwrap().state, ScopeState::Complete);
    assert!(scope(&report, "keys/bea").is_none(), "what was not declared is no gap");
    assert_eq!(states(&report, "p-1"), [("ana", "observed"), ("k-ana", "observed")], "one look at a live system");
    assert_eq!(truth.lock().unwrap().closed, 1, "the credential was given back");
    let effort = report.systems.iter().find_map(|system| system.effort).expect("a live system tells its cost");
    assert_eq!(effort.requests, 3);
    let (report, _) = scan(&mut world, &truth, SECOND);
    assert_eq!(states(&report, "p-1"), [("ana", "confirmed"), ("k-ana", "confirmed")]);
}

#[test]
fn depth_everyone_asks_about_everyone() {
    let (live, truth) = live(&USERS);
    let mut world = world_with(live);
    world.everyone = true;
    let (report, asked) = scan(&mut world, &truth, FIRST);
    assert_eq!(asked, ["ana", "bea", "cem", "ghost"]);
    assert_eq!(report.run.not_of_interest, 0);
}

#[test]
fn a_leaver_s_public_key_in_a_colleague_s_account_is_told() {
    const PRINT: &str = "SHA256:uVZuyBtNFAnsiCxzKLbbfYkuCWVqqRIwjr1YFnWDLSI";
    // Asked about by name, or in a list of everybody's, where most records are passed by after one look at their head.
    for (whose, id, told) in [("p-1", "k-bea", true), ("p-1", "bea/slot-1", true), ("p-2", "k-bea", false)] {
        let (live, truth) = live(&USERS);
        truth.lock().unwrap().keys = BTreeMap::from([("bea", vec!["k-bea"])]);
        truth.lock().unwrap().slots = if id == "k-bea" { Vec::new() } else { vec!["bea"] };
        truth.lock().unwrap().denied = if id == "k-bea" { Vec::new() } else { vec!["bea"] };
        truth.lock().unwrap().public = BTreeMap::from([(id, PRINT)]);
        let mut world = world_with(live);
        world.everyone = true;
        world.aliases = vec![format!("{whose},ssh_fingerprint,{PRINT},,false,,")];
        let (report, _) = scan(&mut world, &truth, FIRST);
        let candidates: Vec<Vec<&str>> = report
            .ambiguous
            .iter()
            .filter(|grant| grant.grant_id.as_str() == id)
            .map(|grant| grant.candidates.iter().map(|(person, _)| person.as_str()).collect())
            .collect();
        assert_eq!(candidates, if told { vec![vec!["p-1", "p-2"]] } else { Vec::new() });
        assert_eq!(report.run.flags.ambiguous, told);
    }
}

#[test]
fn one_key_under_two_accounts_is_told_and_the_leaver_s_own_stays_a_finding() {
    let (live, truth) = live(&USERS);
    truth.lock().unwrap().keys = BTreeMap::from([("ana", vec!["k-ana"]), ("bea", vec!["k-bea"])]);
    let print = "SHA256:uVZuyBtNFAnsiCxzKLbbfYkuCWVqqRIwjr1YFnWDLSI";
    truth.lock().unwrap().public = BTreeMap::from([("k-ana", print), ("k-bea", print)]);
    let mut world = world_with(live);
    world.everyone = true;
    let (report, _) = scan(&mut world, &truth, FIRST);
    assert!(states(&report, "p-1").contains(&("k-ana", "observed")), "{:?}", states(&report, "p-1"));
    let grants: Vec<&str> = report.ambiguous.iter().map(|grant| grant.grant_id.as_str()).collect();
    assert_eq!(grants, ["k-ana", "k-bea"]);
}

#[test]
fn who_an_account_is_may_be_known_by_another_system_alone() {
    let (live, truth) = live(&[("x-1", "x1@elsewhere.example"), ("x-2", "x2@elsewhere.example")]);
    truth.lock().unwrap().keys = BTreeMap::from([("x-1", vec!["k-1"]), ("x-2", vec!["k-2"])]);
    let mut world = world_with(live);
    world.aliases =
        vec![String::from("p-1,provider_id,x-1,live,false,,"), String::from("p-2,provider_id,x-2,live,false,,")];
    let (report, asked) = scan(&mut world, &truth, FIRST);
    assert_eq!(asked, ["x-1"], "the roster's alias settles the other");
    assert_eq!(states(&report, "p-1"), [("k-1", "observed"), ("x-1", "observed")]);
}

#[test]
fn a_question_that_was_refused_is_a_gap_of_that_person_alone() {
    let (live, truth) = live(&USERS);
    truth.lock().unwrap().denied = vec!["ana"];
    let mut world = world_with(live);
    world.people.push(super::world::person("p-4", true));
    let (report, _) = scan(&mut world, &truth, FIRST);
    let ana = scope(&report, "keys/ana").unwrap();
    assert_eq!(ana.state, ScopeState::Denied);
    assert_eq!(ana.gaps[0].cause, Cause::Denied { permission: String::from("keys:List") });
    assert!(matches!(report.run.exit_code, ExitCode::GapsAndResidual), "{:?}", report.run.exit_code);
    let verdict = |person: &str| {
        let leaver = report.leavers.iter().find(|leaver| leaver.person_id.as_str() == person).unwrap();
        let position = report.systems.iter().position(|system| system.id.as_str() == "live").unwrap();
        (leaver.cells[position].0, leaver.complete_scopes, leaver.declared_scopes)
    };
    assert_eq!(verdict("p-4").0, CellVerdict::NoneFound, "the gap does not touch the other leaver");
    let ((_, complete, declared), other) = (verdict("p-1"), verdict("p-4"));
    assert_eq!(declared - complete, 1);
    assert_eq!(other.1, other.2);
}

#[test]
fn a_key_with_a_better_id_replaces_its_slot_and_a_refused_question_leaves_the_slot() {
    for refused in [false, true] {
        let (live, truth) = live(&USERS);
        {
            let mut truth = truth.lock().unwrap();
            truth.slots = vec!["ana"];
            truth.keys = BTreeMap::from([("ana", vec!["AKIA1"])]);
            if refused {
                truth.denied = vec!["ana"];
            }
        }
        let mut world = world_with(live);
        let (report, _) = scan(&mut world, &truth, FIRST);
        let key = if refused { "ana/slot-1" } else { "AKIA1" };
        let mut expected = [("ana", "observed"), (key, "observed")];
        expected.sort_unstable();
        assert_eq!(states(&report, "p-1"), expected, "refused: {refused}");
        // Once the id is known, what was found under the slot is carried over and not found a second time.
        truth.lock().unwrap().denied.clear();
        let (report, _) = scan(&mut world, &truth, SECOND);
        assert_eq!(states(&report, "p-1"), [("AKIA1", "confirmed"), ("ana", "confirmed")]);
        assert!(report.closed.is_empty(), "refused: {refused}");
    }
}

#[test]
fn something_open_is_asked_about_again_even_when_its_holder_is_no_longer_listed() {
    let (live, truth) = live(&USERS);
    truth.lock().unwrap().keys = BTreeMap::from([("ana", vec!["k-ana"])]);
    let mut world = world_with(live);
    scan(&mut world, &truth, FIRST);
    // The user is gone from the list, and the question about her says so.
    {
        let mut truth = truth.lock().unwrap();
        truth.users.remove("ana");
        truth.keys.clear();
    }
    let (report, asked) = scan(&mut world, &truth, SECOND);
    assert_eq!(asked, ["ana", "ghost"]);
    assert_eq!(states(&report, "p-1"), [("ana", "closing"), ("k-ana", "closing")]);
    let (report, _) = scan(&mut world, &truth, THIRD);
    assert_eq!(report.closed.len(), 2);
    assert!(states(&report, "p-1").is_empty());
}

#[test]
fn something_open_that_could_not_be_asked_about_stays_open() {
    let (live, truth) = live(&USERS);
    truth.lock().unwrap().keys = BTreeMap::from([("ana", vec!["k-ana"])]);
    let mut world = world_with(live);
    scan(&mut world, &truth, FIRST);
    truth.lock().unwrap().denied = vec!["ana"];
    for now in [SECOND, THIRD] {
        let (report, _) = scan(&mut world, &truth, now);
        assert!(states(&report, "p-1").contains(&("k-ana", "unverified")), "{:?}", states(&report, "p-1"));
    }
}

#[test]
fn a_second_look_in_the_same_run_confirms_what_is_still_there_and_nothing_else() {
    let (live, truth) = live(&USERS);
    {
        let mut truth = truth.lock().unwrap();
        truth.keys = BTreeMap::from([("ana", vec!["k-1", "k-2", "k-3"])]);
        let denied = Cause::Denied { permission: String::from("keys:Get") };
        truth.looks = BTreeMap::from([("k-1", Look::Present), ("k-2", Look::Gone), ("k-3", Look::CannotTell(denied))]);
    }
    let mut world = world_with(live);
    let (report, _) = scan(&mut world, &truth, FIRST);
    let expected = [("ana", "observed"), ("k-1", "confirmed"), ("k-2", "observed"), ("k-3", "observed")];
    assert_eq!(states(&report, "p-1"), expected);
    let gone = report.findings.iter().find(|finding| finding.grant_id.as_str() == "k-2").unwrap();
    assert!(gone.notes.iter().any(|note| note.contains("gone")), "{:?}", gone.notes);
    // What stands confirmed is not looked at again.
    truth.lock().unwrap().looked_at.clear();
    scan(&mut world, &truth, SECOND);
    assert!(!truth.lock().unwrap().looked_at.iter().any(|grant| grant == "k-1"));
}

#[test]
fn a_slot_that_stood_in_for_a_refused_question_closes_once_the_key_is_known_again() {
    let (live, truth) = live(&USERS);
    {
        let mut truth = truth.lock().unwrap();
        truth.slots = vec!["ana"];
        truth.keys = BTreeMap::from([("ana", vec!["AKIA1"])]);
    }
    let mut world = world_with(live);
    scan(&mut world, &truth, FIRST);
    truth.lock().unwrap().denied = vec!["ana"];
    let (report, _) = scan(&mut world, &truth, SECOND);
    let both = [("AKIA1", "unverified"), ("ana", "confirmed"), ("ana/slot-1", "observed")];
    assert_eq!(states(&report, "p-1"), both, "the id could not be asked for: nothing is forgotten");
    truth.lock().unwrap().denied.clear();
    let (report, _) = scan(&mut world, &truth, THIRD);
    assert_eq!(states(&report, "p-1"), [("AKIA1", "confirmed"), ("ana", "confirmed"), ("ana/slot-1", "closing")]);
    let (report, _) = scan(&mut world, &truth, "2026-08-06T02:00:00Z");
    assert_eq!(report.closed.iter().map(|one| one.grant_id.as_str()).collect::<Vec<_>>(), ["ana/slot-1"]);
    assert_eq!(states(&report, "p-1"), [("AKIA1", "confirmed"), ("ana", "confirmed")]);
}

#[test]
fn an_answer_that_does_not_say_whose_a_key_is_takes_the_place_of_nothing() {
    let (live, truth) = live(&USERS);
    {
        let mut truth = truth.lock().unwrap();
        truth.slots = vec!["ana"];
        truth.keys = BTreeMap::from([("ana", vec!["AKIA1"])]);
        truth.nameless = true;
    }
    let mut world = world_with(live);
    let (report, _) = scan(&mut world, &truth, FIRST);
    assert_eq!(states(&report, "p-1"), [("ana", "observed"), ("ana/slot-1", "observed")]);
    assert!(report.unattributed.iter().any(|grant| grant.grant_id.as_str() == "AKIA1"));
}

#[test]
fn an_exclusion_of_a_kind_leaves_out_its_follow_ups_remembered_ones_too_and_an_idle_one_is_told() {
    let (live, truth) = live(&USERS);
    truth.lock().unwrap().keys = BTreeMap::from([("ana", vec!["k-ana"])]);
    let mut world = world_with(live);
    scan(&mut world, &truth, FIRST);
    truth.lock().unwrap().users.remove("ana");
    world.excluded = vec!["keys", "nothing-of-that-name"];
    let (report, asked) = scan(&mut world, &truth, SECOND);
    assert!(asked.is_empty(), "{asked:?}");
    let left_out = scope(&report, "keys/ana").unwrap();
    assert!(left_out.excluded && left_out.state == ScopeState::NotAttempted);
    assert!(states(&report, "p-1").contains(&("k-ana", "unverified")), "an exclusion closes nothing");
    let idle: Vec<&str> =
        report.notices.iter().filter(|one| one.id == "exclusion-idle").map(|one| one.says.as_str()).collect();
    assert_eq!(idle, ["live: the exclusion of nothing-of-that-name matches no scope"]);
}

#[test]
fn every_question_that_showed_something_open_is_asked_again() {
    let (live, truth) = live(&USERS);
    {
        let mut truth = truth.lock().unwrap();
        truth.users.insert("ana-2", "p-1@acme.example");
        truth.keys = BTreeMap::from([("ana", vec!["k-1"]), ("ana-2", vec!["k-1"])]);
    }
    let mut world = world_with(live);
    let (report, _) = scan(&mut world, &truth, FIRST);
    assert!(states(&report, "p-1").contains(&("k-1", "observed")), "{:?}", states(&report, "p-1"));
    {
        let mut truth = truth.lock().unwrap();
        truth.users.retain(|user, _| !user.starts_with("ana"));
        truth.keys.clear();
    }
    let (report, asked) = scan(&mut world, &truth, SECOND);
    assert_eq!(asked, ["ana", "ana-2", "ghost"]);
    assert!(states(&report, "p-1").contains(&("k-1", "closing")), "{:?}", states(&report, "p-1"));
    assert!(scan(&mut world, &truth, THIRD).0.closed.iter().any(|one| one.grant_id.as_str() == "k-1"));
}
