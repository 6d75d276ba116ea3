//! Everything that points from one access to people, gathered for weighing: account, numbers, ids, keys, addresses, logins,
//! names.

use scan_contract::{Access, Fact, GrantId, Holder, IdentifierKind, Moment};

use super::evidence::{Evidence, InWindow, Weight, in_window, spell_contains, spell_out};
use super::graph::Node;
use super::index::Probe;
use super::resolve::{Resolver, SystemView};
use crate::config::LoginMeaning;
use crate::findings::Confidence;
use crate::normal;
use crate::roster::{ClaimKind, PersonIndex};

impl Resolver<'_> {
    /// Whose the account is that a grant hangs from: the roster may know its id by itself, whether or not the account
    /// was read.
    pub(super) fn weigh_parent(&self, system: SystemView<'_>, access: &Access, parent: &GrantId) -> Vec<Evidence> {
        let says = format!("it hangs from account {parent}");
        let node = self.account_node(system.id, parent.as_str());
        let mut evidence = self.believed(node, "parent", &says);
        let probes: Vec<Probe<'_>> =
            self.index.probe(self.index.hash(ClaimKind::ProviderId, system.id, parent.as_str())).collect();
        let mut known = Vec::new();
        let alias = IdentifierKind::ProviderId;
        self.weigh_windows(&probes, &access.created_at, true, "parent", alias, parent.as_str(), &mut known);
        for mut one in known {
            one.says = if one.personal { String::from("it hangs from (personal account)") } else { says.clone() };
            if !evidence.iter().any(|other| other.person == one.person) {
                evidence.push(one);
            }
        }
        evidence
    }

    pub(super) fn weigh_employee_id(&self, holder: &Holder, evidence: &mut Vec<Evidence>) {
        let Some(id) = &holder.employee_id else { return };
        let vouched = holder.vouches_for(IdentifierKind::EmployeeId);
        for probe in self.index.probe(self.index.hash(ClaimKind::EmployeeNumber, "", id)) {
            evidence.push(Evidence {
                person: probe.person,
                method: "employee_id",
                weight: if vouched { Weight::Strong(Confidence::High) } else { Weight::Weak },
                says: format!("employee number {id}"),
                personal: false,
                node: None,
            });
        }
    }

    pub(super) fn weigh_provider_id(&self, system: SystemView<'_>, holder: &Holder, evidence: &mut Vec<Evidence>) {
        let Some(id) = &holder.provider_id else { return };
        for probe in self.index.probe(self.index.hash(ClaimKind::ProviderId, system.id, id)) {
            let personal = probe.facts.personal;
            evidence.push(Evidence {
                person: probe.person,
                method: "provider_id",
                weight: Weight::Strong(Confidence::High),
                says: format!("roster alias: {} at {}", spell_out(IdentifierKind::ProviderId, id, personal), system.id),
                personal,
                node: None,
            });
        }
        if evidence.is_empty() {
            let node = self.account_node(system.id, id);
            evidence.extend(self.believed(node, "account", &format!("account {id} of this system")));
        }
    }

    pub(super) fn weigh_external(&self, holder: &Holder, evidence: &mut Vec<Evidence>) {
        let Some(external) = &holder.external else { return };
        let Some(system) = external.system.as_deref() else { return };
        let before = evidence.len();
        for probe in self.index.probe(self.index.hash(ClaimKind::ProviderId, system, &external.id)) {
            evidence.push(Evidence {
                person: probe.person,
                method: "external_id",
                weight: Weight::Strong(Confidence::High),
                says: format!("roster alias: external id {} at {system}", external.id),
                personal: probe.facts.personal,
                node: None,
            });
        }
        let says = format!("the same identity as {} at {system}", external.id);
        evidence.extend(self.believed(self.account_node(system, &external.id), "graph", &says));
        // Many a service is told the login there rather than the immutable id (SAML 2.0 core, 8.3: the form of a name
        // identifier is a matter between the two). Whoever has that login there now is the one who signs in here.
        if evidence.len() == before {
            evidence.extend(self.believed(self.login_node(system, &external.id), "graph", &says));
        }
    }

    pub(super) fn weigh_key(&self, access: &Access, holder: &Holder, evidence: &mut Vec<Evidence>) {
        // The key of the grant says who uses it, and nothing of who made it or answers for it.
        let of_grant = access.public_key.as_ref().filter(|_| holder.relation.can_act());
        if let Some(fingerprint) = holder.ssh_fingerprint.as_ref().or(of_grant) {
            evidence.extend(self.evidence_of_key(fingerprint.as_str()));
        }
    }

    pub(super) fn evidence_of_key(&self, fingerprint: &str) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        let hash = self.index.hash(ClaimKind::SshFingerprint, "", fingerprint);
        for probe in self.index.probe(hash) {
            let personal = probe.facts.personal;
            evidence.push(Evidence {
                person: probe.person,
                method: "ssh_fingerprint",
                weight: Weight::Strong(Confidence::High),
                says: format!("roster alias: key {}", spell_out(IdentifierKind::SshFingerprint, fingerprint, personal)),
                personal,
                node: None,
            });
        }
        evidence.extend(self.believed(Node(hash), "graph", &format!("the same public key {fingerprint}")));
        evidence
    }

    pub(super) fn weigh_email(&self, created_at: &Fact<Moment>, holder: &Holder, evidence: &mut Vec<Evidence>) {
        let Some(email) = &holder.email else { return };
        let probes: Vec<Probe<'_>> = self.index.probe(self.index.hash(ClaimKind::Email, "", email)).collect();
        let vouched = holder.vouches_for(IdentifierKind::Email);
        self.weigh_windows(&probes, created_at, vouched, "work_email", IdentifierKind::Email, email, evidence);
    }

    pub(super) fn weigh_login(
        &self,
        system: SystemView<'_>,
        created_at: &Fact<Moment>,
        holder: &Holder,
        evidence: &mut Vec<Evidence>,
    ) {
        let Some(login) = &holder.login else { return };
        let probes: Vec<Probe<'_>> = self.index.probe(self.index.hash(ClaimKind::Username, system.id, login)).collect();
        self.weigh_windows(&probes, created_at, true, "username", IdentifierKind::Login, login, evidence);
        // Beside a mail address that was redirected to a colleague, the login still says whose the account is.
        if login.contains('@') && holder.email.as_deref() != Some(login.as_str()) {
            let probes: Vec<Probe<'_>> = self.index.probe(self.index.hash(ClaimKind::Email, "", login)).collect();
            self.weigh_windows(&probes, created_at, true, "login_address", IdentifierKind::Login, login, evidence);
        }
        match system.login_is {
            LoginMeaning::Nothing => {}
            LoginMeaning::EmployeeId => {
                for probe in self.index.probe(self.index.hash(ClaimKind::EmployeeNumber, "", login)) {
                    evidence.push(Evidence {
                        person: probe.person,
                        method: "login_is_employee_id",
                        weight: Weight::Strong(Confidence::High),
                        says: format!("login {login} is the employee number here"),
                        personal: false,
                        node: None,
                    });
                }
            }
            LoginMeaning::EmailLocalPart => self.weigh_local_part(login, created_at, evidence),
        }
        if evidence.is_empty() {
            let node = self.login_node(system.id, login);
            evidence.extend(self.believed(node, "account_login", &format!("login {login} of this system")));
        }
    }

    pub(super) fn weigh_local_part(&self, login: &str, created_at: &Fact<Moment>, evidence: &mut Vec<Evidence>) {
        for domain in self.index.domains().main_names() {
            let address = format!("{login}@{domain}");
            for probe in self.index.probe(self.index.hash(ClaimKind::Email, "", &address)) {
                if !spell_contains(&self.people[probe.person.0 as usize], created_at) {
                    continue;
                }
                evidence.push(Evidence {
                    person: probe.person,
                    method: "login_local_part",
                    weight: Weight::Weak,
                    says: format!("login {login} is the local part of their work address"),
                    personal: false,
                    node: None,
                });
            }
        }
    }

    /// An identifier that can pass from one person to another: inside its window it is theirs.
    #[expect(clippy::too_many_arguments, reason = "the facts of one identifier, used in three places")]
    pub(super) fn weigh_windows(
        &self,
        probes: &[Probe<'_>],
        created_at: &Fact<Moment>,
        vouched: bool,
        method: &'static str,
        kind: IdentifierKind,
        value: &str,
        evidence: &mut Vec<Evidence>,
    ) {
        let mut holders: Vec<PersonIndex> = probes.iter().map(|probe| probe.person).collect();
        holders.sort_unstable();
        holders.dedup();
        let shared = holders.len() > 1;
        let fits = |probe: &&Probe<'_>| {
            matches!(in_window(probe.facts, created_at), InWindow::Inside)
                && spell_contains(&self.people[probe.person.0 as usize], created_at)
        };
        // With several holders, time decides, if it can.
        let decided: Vec<&Probe<'_>> = probes.iter().filter(fits).collect();
        let decided_people = {
            let mut people: Vec<PersonIndex> = decided.iter().map(|probe| probe.person).collect();
            people.sort_unstable();
            people.dedup();
            people
        };
        let time_decides = shared && matches!(created_at, Fact::Known(_)) && decided_people.len() == 1;
        for probe in probes {
            if shared && time_decides && probe.person != decided_people[0] {
                continue;
            }
            let window = in_window(probe.facts, created_at);
            let weight = if shared && !time_decides {
                Weight::Contested
            } else if !vouched {
                Weight::Weak
            } else {
                Weight::Strong(match window {
                    InWindow::Inside => Confidence::High,
                    InWindow::NotKnown if probe.facts.until.is_none() => Confidence::High,
                    InWindow::After | InWindow::Before | InWindow::NotKnown => Confidence::Medium,
                })
            };
            let held = if shared { "held by several people over time" } else { "never held by anybody else" };
            let when = match window {
                InWindow::Inside => "the grant was made inside its window",
                InWindow::After => "the grant was made after its window",
                InWindow::Before => "the grant was made before its window",
                InWindow::NotKnown => "the grant does not say when it was made",
            };
            let claimed = if vouched { "" } else { "; claimed by the account, not verified by the system" };
            evidence.push(Evidence {
                person: probe.person,
                method,
                weight,
                says: format!("{}, {held}; {when}{claimed}", spell_out(kind, value, probe.facts.personal)),
                personal: probe.facts.personal,
                node: None,
            });
        }
    }

    /// A name never decides and never makes a candidate; it can only agree with one that weak evidence brought.
    pub(super) fn agreeing_name(&self, holder: &Holder, evidence: &mut Vec<Evidence>) {
        let Some(name) = &holder.name else { return };
        let weak: Vec<PersonIndex> =
            evidence.iter().filter(|one| one.weight == Weight::Weak).map(|one| one.person).collect();
        for person in weak {
            let own = self.people[person.0 as usize].display_name.as_deref();
            if own.is_some_and(|own| normal::fold(own) == normal::fold(name)) {
                evidence.push(Evidence {
                    person,
                    method: "name",
                    weight: Weight::Weak,
                    says: String::from("the name agrees"),
                    personal: false,
                    node: None,
                });
            }
        }
    }

    pub(super) fn believed(&self, node: Node, method: &'static str, says: &str) -> Vec<Evidence> {
        let Some(belief) = self.graph.belief(node) else { return Vec::new() };
        let disputed = belief.people.len() > 1;
        belief
            .people
            .into_iter()
            .map(|person| Evidence {
                person,
                method,
                weight: if disputed { Weight::Contested } else { Weight::Strong(belief.confidence) },
                says: String::from(says),
                personal: false,
                node: Some(node),
            })
            .collect()
    }
}
