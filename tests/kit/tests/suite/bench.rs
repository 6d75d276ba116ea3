//! The club on the bench: what a scanner's test tells the suite.

use std::sync::Arc;

use holdover_kit::fault::{Damage, On};
use holdover_kit::suite::{
    Bench, Class, Credential, Expiry, List, Mishap, Route, Service, Setting, Spoils, Stage, Truth,
};
use scan_contract::{AccessKind, Cause, Scanner, Status};
use serde_json::json;

use crate::scanner::{ClubScanner, Twin};
use crate::stub::{Club, PAGE, operation, refusal};

pub(crate) struct ClubBench(pub(crate) Twin);

impl Bench for ClubBench {
    fn serve(&self, setting: &Setting) -> Service {
        Service::new(setting.build(Arc::new(Club::new(setting))).operations(operation).start())
    }

    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
        let secret = if setting.credential == Credential::Wrong { "wrong" } else { setting.secret.as_str() };
        let page = if matches!(setting.stage, Stage::Large { .. }) { 1000 } else { 0 };
        Ok(Box::new(ClubScanner::new(service.server.origin(), secret, self.0, page)))
    }

    fn routes(&self) -> Vec<Route> {
        let denied = || refusal(403, "forbidden");
        let route = |operation, permission, spoils| Route { operation, refusal: denied(), permission, spoils };
        vec![
            route("signIn", "signIn", Spoils::Everything),
            route("whoAmI", "club:read", Spoils::Everything),
            route("listMembers", "members:read", Spoils::Kinds(&["members"])),
            route("listKeys", "keys:read", Spoils::Kinds(&["keys"])),
        ]
    }

    fn lists(&self) -> Vec<List> {
        vec![List { name: "members", scope: "members", kind: AccessKind::Account, page: PAGE }]
    }

    fn mishaps(&self) -> Vec<Mishap> {
        let list = || On::operation("listMembers");
        let page = |class, name, damage, spoils, says| Mishap {
            name,
            class,
            stage: Stage::Usual,
            on: list().nth(2),
            damage,
            spoils,
            says,
        };
        let members = Spoils::Kinds(&["members"]);
        let same = || Spoils::Nothing("");
        let throttled = || Damage::Reply(refusal(429, "slow down"));
        vec![
            page(Class::Paging, "P1 no cursor", Damage::set("/next", json!(null)), members.clone(), "announced 12"),
            page(Class::Paging, "P2 cursor again", Damage::set("/next", json!("5")), members.clone(), "same cursor"),
            Mishap {
                stage: Stage::List { list: "members", objects: 6 },
                on: On::operation("listMembers").query("from", "0"),
                ..page(Class::Paging, "P3 empty page", Damage::emptied("/members"), members.clone(), "announced 6")
            },
            page(Class::Limit, "L1 throttled once", throttled(), same(), ""),
            Mishap { on: list().from(2), ..page(Class::Limit, "L4 for ever", throttled(), members.clone(), "limited") },
            page(Class::PartialReply, "P11 login page", Damage::login_page(), members.clone(), "not JSON"),
            Mishap {
                on: list().nth(1),
                ..page(Class::SelfSighting, "not there", Damage::set("/members/0/login", json!("x")), members, "own")
            },
        ]
    }

    fn truth(&self) -> Vec<Truth> {
        let states = [Status::Enabled, Status::Disabled, Status::Revoked];
        let truth =
            |(at, status)| Truth { scope: "members", kind: AccessKind::Account, grant_id: format!("m-{at}"), status };
        states.into_iter().enumerate().map(truth).collect()
    }

    fn expiry(&self) -> Expiry {
        Expiry { refusal: refusal(401, "expired"), sign_in: &["signIn"] }
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["key_secret"]
    }
}
