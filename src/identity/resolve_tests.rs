//! Attribution, case by case: a positive, its twin that differs in one fact, and what cannot be told.

use std::sync::Arc;

use scan_contract::{AccessKind, ExternalIdentity, Fact, Instant, Moment, Status};

use super::*;
use crate::config::DomainConfig;
use crate::identity::graph::Lesson;
use crate::identity::index::Builder;
use crate::identity::{Domains, Keys};
use crate::roster::{AccessEnd, Claim, EmploymentType, EndSource, PersonId, Stint, Urgency};

fn at(text: &str) -> Instant {
    text.parse().expect("a test writes valid instants")
}

fn stint(start: &str, end: Option<&str>) -> Stint {
    Stint {
        number: 1,
        start: at(start),
        end: end.map(|end| AccessEnd {
            at: at(end),
            earliest: at(end),
            latest: at(end),
            source: EndSource::EndDate,
            zone: Arc::from("UTC"),
            zone_is_default: false,
            known_at: None,
        }),
        employment_type: EmploymentType::Employee,
        status: None,
        termination_type: None,
        urgency: Urgency::Standard,
        role_tier: None,
        batch: None,
        manager: None,
        department: None,
        legal_hold: false,
        source: Arc::from("hris"),
    }
}

fn person(id: &str, name: &str, start: &str, end: Option<&str>) -> Person {
    Person { id: PersonId::new(id), stints: vec![stint(start, end)], display_name: Some(name.into()), not_judged: None }
}

struct World {
    people: Vec<Person>,
    index: Index,
    graph: Graph,
    links: Vec<ReviewedLink>,
}

/// Ana left; Bea is a colleague; Ann Two got Ana's old address after she had gone.
fn world() -> World {
    let people = vec![
        person("p-1", "Ana Silva", "2020-01-01T00:00:00Z", Some("2024-07-01T00:00:00Z")),
        person("p-2", "Bea Braun", "2021-01-01T00:00:00Z", None),
        person("p-3", "Ann Silva", "2025-01-01T00:00:00Z", None),
    ];
    let mut builder = Builder::new(
        Keys::new([3; 16]),
        Domains::new(&[DomainConfig {
            name: String::from("acme.example"),
            aliases: vec![String::from("old.example")],
        }]),
    );
    let mut claim = |person: u32, kind, system, value, personal, primary| {
        builder.add(Claim {
            person: PersonIndex(person),
            kind,
            system,
            value,
            from: None,
            until: None,
            personal,
            primary,
        });
    };
    for (person, id) in [(0, "p-1"), (1, "p-2"), (2, "p-3")] {
        claim(person, ClaimKind::EmployeeNumber, None, id, false, true);
    }
    claim(0, ClaimKind::Email, None, "ana@acme.example", false, false);
    claim(0, ClaimKind::Email, None, "a.silva@acme.example", false, false);
    claim(2, ClaimKind::Email, None, "a.silva@acme.example", false, false);
    claim(1, ClaimKind::Email, None, "bea@acme.example", false, false);
    claim(0, ClaimKind::Email, None, "ana@home.example", true, false);
    claim(0, ClaimKind::ProviderId, Some("okta"), "00u1", false, false);
    claim(0, ClaimKind::Username, Some("wiki"), "asilva", false, false);
    World { people, index: builder.build(), graph: Graph::default(), links: Vec::new() }
}

impl World {
    fn resolve(&self, system: &str, access: &Access) -> AccessMatch {
        self.resolve_with(system, LoginMeaning::Nothing, access)
    }

    fn resolve_with(&self, system: &str, login_is: LoginMeaning, access: &Access) -> AccessMatch {
        Resolver { index: &self.index, graph: &self.graph, people: &self.people, links: &self.links }
            .resolve(SystemView { id: system, login_is }, access)
    }
}

fn access(fill: impl FnOnce(&mut Holder)) -> Access {
    let mut holder = Holder::new(Relation::Holder);
    fill(&mut holder);
    let mut access = Access::new("accounts".into(), AccessKind::Account, "u-1".into(), Status::Enabled);
    access.holders = vec![holder];
    access
}

fn only(found: &AccessMatch) -> (&PersonMatch, u32) {
    assert_eq!(found.people.len(), 1, "{found:?}");
    (&found.people[0], found.people[0].person.0)
}

#[test]
fn an_employee_number_is_enough_and_a_wrong_one_is_nobody() {
    let world = world();
    let found = world.resolve("crm", &access(|holder| holder.employee_id = Some("p-1".into())));
    assert_eq!((only(&found).1, only(&found).0.confidence), (0, Confidence::High));
    let twin = world.resolve("crm", &access(|holder| holder.employee_id = Some("1".into())));
    assert!(twin.people.is_empty() && twin.nobody.is_some());
}

#[test]
fn two_immutable_identifiers_of_two_people_are_ambiguous() {
    let world = world();
    let found = world.resolve(
        "crm",
        &access(|holder| {
            holder.employee_id = Some("p-2".into());
            holder.email = Some("ana@acme.example".into());
        }),
    );
    let ambiguity = found.ambiguity.expect("ambiguous");
    assert_eq!(ambiguity.candidates.len(), 2);
}

#[test]
fn an_address_nobody_else_held_is_enough_in_any_spelling() {
    let world = world();
    for spelling in ["ANA@acme.example", "ana+x@acme.example", "Ana@old.example"] {
        let found = world.resolve("crm", &access(|holder| holder.email = Some(spelling.into())));
        assert_eq!(only(&found).1, 0, "{spelling}");
    }
    let undeclared = world.resolve("crm", &access(|holder| holder.email = Some("ana@acme-partner.example".into())));
    assert!(undeclared.people.is_empty(), "a local part alone says nothing");
}

#[test]
fn a_reused_address_is_decided_by_time_or_not_at_all() {
    let world = world();
    let mut grant = access(|holder| holder.email = Some("a.silva@acme.example".into()));
    let unknown = world.resolve("crm", &grant);
    assert_eq!(unknown.ambiguity.expect("cannot tell").candidates.len(), 2);
    grant.created_at = Fact::Known(Moment::exact(at("2022-05-01T00:00:00Z")));
    assert_eq!(only(&world.resolve("crm", &grant)).1, 0, "made while Ana was here");
    grant.created_at = Fact::Known(Moment::exact(at("2025-05-01T00:00:00Z")));
    assert_eq!(only(&world.resolve("crm", &grant)).1, 2, "made while Ann was here: Ana is not accused");
    grant.created_at = Fact::Known(Moment::exact(at("2024-09-01T00:00:00Z")));
    assert!(world.resolve("crm", &grant).ambiguity.is_some(), "made while neither was here");
}

#[test]
fn a_claimed_address_needs_a_second_attribute() {
    let world = world();
    let claimed = access(|holder| {
        holder.email = Some("ana@acme.example".into());
        holder.verified = Some(Vec::new());
    });
    assert!(world.resolve("crm", &claimed).ambiguity.is_some());
    let agreed = access(|holder| {
        holder.email = Some("ana@acme.example".into());
        holder.name = Some("ana silva".into());
        holder.verified = Some(Vec::new());
    });
    let found = world.resolve("crm", &agreed);
    assert_eq!((only(&found).1, only(&found).0.confidence), (0, Confidence::Medium));
}

#[test]
fn a_name_alone_never_decides() {
    let world = world();
    let found = world.resolve("crm", &access(|holder| holder.name = Some("Ana Silva".into())));
    assert!(found.people.is_empty() && found.ambiguity.is_none());
}

#[test]
fn a_login_means_something_only_where_it_is_declared() {
    let world = world();
    let grant = access(|holder| holder.login = Some("ana".into()));
    assert!(world.resolve("crm", &grant).nobody.is_some());
    let pattern = world.resolve_with("crm", LoginMeaning::EmailLocalPart, &grant);
    assert!(pattern.ambiguity.is_some(), "one attribute is a candidate, not a match");
    let alias = world.resolve("wiki", &access(|holder| holder.login = Some("ASilva".into())));
    assert_eq!(only(&alias).1, 0);
    assert!(world.resolve("crm", &access(|holder| holder.login = Some("asilva".into()))).people.is_empty());
}

#[test]
fn a_private_alias_matches_and_is_never_printed() {
    let world = world();
    let found = world.resolve("crm", &access(|holder| holder.email = Some("ana@home.example".into())));
    let (matched, person) = only(&found);
    assert_eq!(person, 0);
    assert!(matched.personal);
    assert!(matched.evidence.iter().all(|text| !text.contains("home.example")), "{:?}", matched.evidence);
}

#[test]
fn a_reviewed_link_wins_over_everything() {
    let mut world = world();
    world.links.push(ReviewedLink {
        person_id: PersonId::new("p-2"),
        system: "crm".into(),
        kind: None,
        grant_id: Some("u-1".into()),
        login: None,
        reviewer: "p-3".into(),
        date: chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"),
        reason: "shared mailbox of the desk".into(),
    });
    let found = world.resolve("crm", &access(|holder| holder.email = Some("ana@acme.example".into())));
    assert_eq!((only(&found).1, only(&found).0.by_link), (1, true));
    let elsewhere = world.resolve("wiki", &access(|holder| holder.email = Some("ana@acme.example".into())));
    assert_eq!(only(&elsewhere).1, 0);
}

#[test]
fn a_grant_without_holders_follows_its_account() {
    let mut world = world();
    let node = Node(world.index.hash(ClaimKind::ProviderId, "crm", "u-9"));
    world.graph.learn(Lesson {
        node,
        person: PersonIndex(0),
        confidence: Confidence::Medium,
        words: Some("crm: account u-9".into()),
        rests_on: None,
    });
    let mut token = Access::new("tokens".into(), AccessKind::ApiToken, "t-1".into(), Status::Enabled);
    token.parent = Some("u-9".into());
    let found = world.resolve("crm", &token);
    let (matched, person) = only(&found);
    assert_eq!((person, matched.method.as_str(), matched.confidence), (0, "parent", Confidence::Medium));
    token.parent = Some("u-8".into());
    assert!(world.resolve("crm", &token).nobody.is_some());
}

#[test]
fn only_an_owner_who_cannot_be_told_leaves_open_whether_there_is_another_owner() {
    let world = world();
    let mut owned = access(|holder| holder.login = Some("svc-export".into()));
    let mut owner = Holder::new(Relation::Owner);
    owner.email = Some("bea@acme.example".into());
    owned.holders.push(owner.clone());
    let found = world.resolve("crm", &owned);
    assert!(only(&found).1 == 1 && found.some_unknown && !found.unknown_owner, "{found:?}");
    owner.email = Some("somebody@acme.example".into());
    owned.holders.push(owner);
    assert!(world.resolve("crm", &owned).unknown_owner);
}

#[test]
fn a_key_is_followed_across_systems_and_the_chain_is_told() {
    let mut world = world();
    let account = Node(world.index.hash(ClaimKind::ProviderId, "github", "4711"));
    let key = Node(world.index.hash(ClaimKind::SshFingerprint, "", "SHA256:abc"));
    let lesson = |node, words: &str, rests_on| Lesson {
        node,
        person: PersonIndex(0),
        confidence: Confidence::High,
        words: Some(words.into()),
        rests_on,
    };
    world.graph.learn(lesson(account, "github: account 4711 (octo-ana), by external id 00u1 at okta", None));
    world.graph.learn(lesson(key, "github: ssh_key 81", Some(account)));
    let found = world.resolve("fleet", &access(|holder| holder.ssh_fingerprint = Some("SHA256:abc".into())));
    let (matched, person) = only(&found);
    assert_eq!((person, matched.method.as_str()), (0, "graph"));
    let chain = world.graph.chain(matched.node.expect("it rests on a lesson"));
    assert_eq!(chain.len(), 2, "{chain:?}");
    let twin = world.resolve("fleet", &access(|holder| holder.ssh_fingerprint = Some("SHA256:abd".into())));
    assert!(twin.people.is_empty());
}

#[test]
fn an_external_id_bridges_to_the_identity_provider() {
    let world = world();
    let bridge = |id: &str| {
        access(|holder| {
            holder.external = Some(ExternalIdentity { id: id.into(), system: Some("okta".into()) });
        })
    };
    assert_eq!(only(&world.resolve("github", &bridge("00u1"))).1, 0);
    assert!(world.resolve("github", &bridge("00u2")).people.is_empty());
}

#[test]
fn an_external_id_that_is_the_login_there_bridges_as_well() {
    let mut world = world();
    let node = Node(world.index.hash(ClaimKind::Username, "okta", "bbraun"));
    world.graph.learn(Lesson {
        node,
        person: PersonIndex(1),
        confidence: Confidence::High,
        words: None,
        rests_on: None,
    });
    let bridge = |id: &str| {
        access(|holder| {
            holder.external = Some(ExternalIdentity { id: id.into(), system: Some("okta".into()) });
        })
    };
    assert_eq!(only(&world.resolve("github", &bridge("bbraun"))).1, 1);
    assert!(world.resolve("github", &bridge("cbraun")).people.is_empty());
    // What the immutable id says is not contradicted by somebody whose login looks the same.
    world.graph.learn(Lesson {
        node: Node(world.index.hash(ClaimKind::Username, "okta", "00u1")),
        person: PersonIndex(1),
        confidence: Confidence::High,
        words: None,
        rests_on: None,
    });
    assert_eq!(only(&world.resolve("github", &bridge("00u1"))).1, 0);
}

#[test]
fn a_stand_in_for_the_account_speaks_only_where_no_named_holder_does() {
    let mut world = world();
    let node = Node(world.index.hash(ClaimKind::ProviderId, "fleet", "web-1/ana"));
    world.graph.learn(Lesson {
        node,
        person: PersonIndex(0),
        confidence: Confidence::High,
        words: Some("fleet: account web-1/ana".into()),
        rests_on: None,
    });
    let key = |fingerprint: &str| {
        let mut access = access(|holder| holder.ssh_fingerprint = Some(fingerprint.into()));
        access.kind = AccessKind::SshKey;
        access.parent = Some("web-1/ana".into());
        access.holders.push(Holder::new(Relation::Holder));
        access
    };
    assert_eq!(only(&world.resolve("fleet", &key("SHA256:unknown"))).1, 0, "an unknown key in Ana's account is Ana's");
    let bea = Node(world.index.hash(ClaimKind::SshFingerprint, "", "SHA256:bea"));
    world.graph.learn(Lesson {
        node: bea,
        person: PersonIndex(1),
        confidence: Confidence::High,
        words: None,
        rests_on: None,
    });
    assert_eq!(only(&world.resolve("fleet", &key("SHA256:bea"))).1, 1, "Bea's key there is Bea's");
}

#[test]
fn a_public_key_without_a_holder_is_whose_the_key_is() {
    let mut world = world();
    let ana = Node(world.index.hash(ClaimKind::SshFingerprint, "", "SHA256:ana"));
    world.graph.learn(Lesson {
        node: ana,
        person: PersonIndex(0),
        confidence: Confidence::High,
        words: None,
        rests_on: None,
    });
    let mut deploy = access(|_| {});
    deploy.kind = AccessKind::SshKey;
    deploy.holders.clear();
    deploy.public_key = Some("SHA256:ana".into());
    assert_eq!(only(&world.resolve("crm", &deploy)).1, 0);
    // Also where somebody else is said to have made it, and hung from an account that nobody knows.
    let mut creator = Holder::new(Relation::Creator);
    creator.email = Some("bea@acme.example".into());
    deploy.holders.push(creator);
    deploy.parent = Some("nobody-known".into());
    let people: Vec<u32> = world.resolve("crm", &deploy).people.iter().map(|matched| matched.person.0).collect();
    assert_eq!(people, [0, 1]);
    deploy.holders.clear();
    deploy.public_key = Some("SHA256:unknown".into());
    assert!(world.resolve("crm", &deploy).nobody.is_some());
}
