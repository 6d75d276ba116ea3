//! The contract suite, with a service app and with an API token.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::{Arc, LazyLock};

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::okta::{
    OktaApiToken, OktaApp, OktaAssignment, OktaDevice, OktaEvent, OktaFactor, OktaGrant, OktaOrg, OktaRefreshToken,
    OktaRole, OktaStub, OktaUser, okta_error, okta_throttled,
};
use holdover_kit::suite::{
    Bench, Class, Credential, Excuse, Expiry, List, Mishap, Point, Route, Service, Setting, Spoils, Stage, Truth,
};
use scan_contract::fact::Instant;
use scan_contract::{AccessKind, Cause, Scanner, Status, SystemId};
use scan_okta::{ALLOW, Address, Okta, Organisation, Settings, SignIn, Ways};
use scan_transport::{Door, SecretRef};

use crate::bench::{Fixed, connection, operation, service_app};
use crate::keys::Pair;
use crate::world::{self, LEA, TOM, days_ago, group};

/// One present for all readings.
static PRESENT: LazyLock<Instant> = LazyLock::new(|| (crate::bench::clock())());
/// One key pair for all settings.
static PAIR: LazyLock<Pair> = LazyLock::new(Pair::elliptic);

/// How the scanner signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    App,
    Token,
}

struct OktaBench(Way);

holdover_kit::contract_suite!(with_a_service_app, OktaBench(Way::App));
/// What differs between the two ways in. The rest of a reading is the same.
mod with_an_api_token {
    use super::*;

    holdover_kit::contract_suite!(@points OktaBench(Way::Token);
        right_credentials, wrong_credentials, wrong_tenant, expiry_in_mid_walk, self_sighting, only_listed_requests,
        canaries_stay_in);
}

const USER_STATES: &[(&str, Status)] = &[
    ("STAGED", Status::Pending),
    ("PROVISIONED", Status::Pending),
    ("ACTIVE", Status::Enabled),
    ("RECOVERY", Status::Enabled),
    ("PASSWORD_EXPIRED", Status::Enabled),
    ("LOCKED_OUT", Status::Enabled),
    ("SUSPENDED", Status::Disabled),
    ("DEPROVISIONED", Status::Disabled),
];
const ASSIGNMENT_STATES: &[(&str, Status)] = &[
    ("ACTIVE", Status::Enabled),
    ("APPROVED", Status::Enabled),
    ("DEPROVISIONED", Status::Revoked),
    ("IMPLICIT", Status::Enabled),
    ("IMPORTED", Status::Enabled),
    ("INACTIVE", Status::Disabled),
    ("MATCHED", Status::Enabled),
    ("PENDING", Status::Pending),
    ("PROVISIONED", Status::Enabled),
    ("REVOKED", Status::Disabled),
    ("STAGED", Status::Enabled),
    ("SUSPENDED", Status::Disabled),
    ("UNASSIGNED", Status::Enabled),
];
const FACTOR_STATES: &[(&str, Status)] = &[
    ("ACTIVE", Status::Enabled),
    ("ENROLLED", Status::Enabled),
    ("PENDING_ACTIVATION", Status::Pending),
    ("NOT_SETUP", Status::Pending),
    ("DISABLED", Status::Disabled),
    ("INACTIVE", Status::Disabled),
    ("EXPIRED", Status::Expired),
];
const DEVICE_STATES: &[(&str, Status)] = &[
    ("ACTIVE", Status::Enabled),
    ("UNSUSPENDED", Status::Enabled),
    ("SUSPENDED", Status::Disabled),
    ("DEACTIVATED", Status::Disabled),
];
const GRANT_STATES: &[(&str, Status)] = &[("ACTIVE", Status::Enabled), ("REVOKED", Status::Revoked)];
const ROLE_STATES: &[(&str, Status)] = &[("ACTIVE", Status::Enabled), ("INACTIVE", Status::Disabled)];

const CRM: &str = "0oacrm00000000000001";
const MOBILE: &str = "0oamobile00000000001";

/// Lea's world, with something in every state.
fn usual() -> OktaOrg {
    let mut org = world::with_lea();
    for (state, _) in USER_STATES.iter().filter(|(state, _)| !matches!(*state, "ACTIVE" | "DEPROVISIONED")) {
        let user = OktaUser::new(&format!("00ustate{state}"), &format!("{state}@acme.example"));
        org.users.push(user.in_state(state, &days_ago(9)));
    }
    for (state, _) in ASSIGNMENT_STATES {
        let mut assignment = OktaAssignment::new(CRM, &format!("00ustate{state}"));
        assignment.status = String::from(*state);
        org.assignments.push(assignment);
    }
    for (state, _) in FACTOR_STATES {
        org.factors.push(factor(&format!("opf{state}"), LEA, state));
    }
    for (state, _) in DEVICE_STATES {
        let id = format!("guo{state}");
        org.devices.push(device(&id, LEA, state));
    }
    org.servers = Some(vec![(String::from("ausdefault"), String::from("default"))]);
    org.refresh_tokens.push(refresh_token("oaras", MOBILE, LEA, Some("ausdefault")));
    org.custom_roles.push((String::from("cr0"), vec![String::from("okta.users.manage")]));
    org.roles.push(OktaRole {
        custom: Some((String::from("cr0"), String::from("iam0"))),
        ..OktaRole::standard("irb1", "CUSTOM", LEA)
    });
    // As an administrator's list may be, it comes in pages too.
    for number in 0..2 {
        let id = format!("00uadmin{number}");
        org.users.push(OktaUser::new(&id, &format!("admin{number}@acme.example")));
        org.roles.push(OktaRole::standard(&format!("ra{number}"), "APP_ADMIN", &id));
    }
    for number in 0..5 {
        org.grants.push(grant(&format!("oagmore{number}"), Some(LEA)));
    }
    org
}

fn factor(id: &str, user: &str, state: &str) -> OktaFactor {
    let (id, user, status) = (String::from(id), String::from(user), String::from(state));
    OktaFactor { id, user, kind: String::from("push"), status, created: days_ago(90) }
}

fn device(id: &str, user: &str, state: &str) -> OktaDevice {
    let (id, user, status) = (String::from(id), String::from(user), String::from(state));
    OktaDevice { name: id.clone(), id, user, status, created: days_ago(90) }
}

fn refresh_token(id: &str, client: &str, user: &str, server: Option<&str>) -> OktaRefreshToken {
    OktaRefreshToken {
        id: String::from(id),
        status: String::from("ACTIVE"),
        client: String::from(client),
        user: String::from(user),
        server: server.map(String::from),
        created: days_ago(8),
        expires_at: Some(days_ago(-8)),
    }
}

fn grant(id: &str, user: Option<&str>) -> OktaGrant {
    OktaGrant {
        id: String::from(id),
        status: String::from("ACTIVE"),
        client: String::from(MOBILE),
        scope: String::from("offline_access"),
        user: user.map(String::from),
        created_by: String::from(LEA),
        created: days_ago(20),
    }
}

/// An organisation in which one list has so many objects.
fn with_list(list: &str, objects: usize) -> OktaOrg {
    let mut org = world::bare();
    org.apps.push(OktaApp::new(CRM, "CRM", "SAML_2_0"));
    org.apps.push(OktaApp::new(MOBILE, "Mobile", "OPENID_CONNECT"));
    // The scanner's own user is one of the objects.
    let others = objects.saturating_sub(1);
    match list {
        "users" => {
            org.users
                .extend((0..others).map(|at| OktaUser::new(&format!("00u{at:04}"), &format!("u{at}@acme.example"))));
        }
        "admin-roles" => {
            for at in 0..others {
                let id = format!("00u{at:04}");
                org.users.push(OktaUser::new(&id, &format!("u{at}@acme.example")));
                org.roles.push(OktaRole::standard("ra0", "APP_ADMIN", &id));
            }
        }
        "app-assignments" => {
            org.assignments.extend((0..objects).map(|at| OktaAssignment::new(CRM, &format!("00u{at:04}"))));
        }
        "refresh-tokens" => {
            let tokens = (0..objects).map(|at| refresh_token(&format!("oar{at:04}"), MOBILE, world::SCANNER, None));
            org.refresh_tokens.extend(tokens);
        }
        "user-grants" => {
            org.grants.extend((0..objects).map(|at| grant(&format!("oag{at:04}"), Some(world::SCANNER))));
        }
        other => panic!("no list is called {other}"),
    }
    org
}

/// Hostile texts as ids of users, applications, tokens, and as every other text.
fn with_names(names: &[String]) -> OktaOrg {
    let mut org = world::bare();
    for (at, name) in names.iter().enumerate() {
        let mut user = OktaUser::new(name, name);
        user.name = (name.clone(), name.clone());
        user.employee_number = Some(name.clone());
        user.second_email = Some(name.clone());
        org.users.push(user);
        let mut app = OktaApp::new(name, name, "OPENID_CONNECT");
        app.name.clone_from(name);
        org.apps.push(app);
        org.assignments.push(OktaAssignment::new(name, name));
        org.groups.push(group(&format!("00g{at}"), name, "OKTA_GROUP", &[name]));
        org.roles.push(OktaRole { label: name.clone(), ..OktaRole::standard(name, "APP_ADMIN", name) });
        org.refresh_tokens.push(refresh_token(&format!("oar{at}"), name, name, None));
        org.grants.push(OktaGrant {
            scope: name.clone(),
            client: name.clone(),
            ..grant(&format!("oag{at}"), Some(name))
        });
        org.factors.push(OktaFactor { kind: name.clone(), ..factor(name, name, "ACTIVE") });
        org.devices.push(OktaDevice { name: name.clone(), ..device(&format!("guo{at}"), name, "ACTIVE") });
        org.events
            .push(OktaEvent { token: Some(name.clone()), ..OktaEvent::new(&days_ago(3), "user.session.start", name) });
        org.api_tokens.push(OktaApiToken {
            id: format!("00T{at}"),
            name: name.clone(),
            user: name.clone(),
            created: days_ago(50),
            last_updated: days_ago(2),
            expires_at: days_ago(-28),
        });
    }
    org
}

impl OktaBench {
    fn settings(&self, service: &Service) -> Settings {
        let address = Address::parse(service.server.origin()).expect("an address");
        let sign_in = match self.0 {
            Way::App => SignIn::ServiceApp {
                client_id: String::from(world::CLIENT),
                key_id: Some(PAIR.id.clone()),
                key: SecretRef::Environment(String::from("key")),
            },
            Way::Token => SignIn::ApiToken { token: SecretRef::Environment(String::from("token")) },
        };
        let mut settings = Settings::new(SystemId::new("okta"), address, Organisation::parse(world::ORG), sign_in);
        settings.page = NonZeroU16::new(3);
        settings.connection = connection();
        if let Some(pace) = &mut settings.connection.pace {
            pace.attempts = 2;
            pace.longest_wait = std::time::Duration::from_secs(5);
        }
        settings
    }

    fn is_app(&self) -> bool {
        self.0 == Way::App
    }
}

impl Bench for OktaBench {
    fn serve(&self, setting: &Setting) -> Service {
        let mut org = match &setting.stage {
            Stage::Usual => usual(),
            Stage::List { list, objects } => with_list(list, *objects),
            Stage::Names(names) => with_names(names),
            Stage::Large { .. } => panic!("a test program of its own"),
        };
        if setting.credential == Credential::OtherTenant {
            org.id = String::from("00oother000000000001");
        }
        let mut app = service_app(&PAIR);
        if setting.credential == Credential::Wrong {
            app.keys = BTreeMap::from([(PAIR.id.clone(), Pair::elliptic().public_pem)]);
        }
        let mut stub = OktaStub::new(org).with_service_app(app).with_access_tokens(&setting.secret);
        if setting.credential != Credential::Wrong {
            stub = stub.with_api_token(&setting.secret, world::SCANNER);
        }
        Service::new(setting.build(Arc::new(stub)).operations(operation).start())
    }

    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
        let settings = self.settings(service);
        let door = Door::open(settings.door(), &ALLOW, crate::bench::clock())?;
        let secrets = BTreeMap::from([
            (String::from("token"), setting.secret.clone()),
            (String::from("key"), PAIR.private_pem.clone()),
        ]);
        Ok(Box::new(Okta::new(settings, Ways { door, secrets: Arc::new(Fixed(secrets)) })?))
    }

    fn routes(&self) -> Vec<Route> {
        let kinds = |operation: &str| match operation {
            "POST /oauth2/v1/token" | "GET /.well-known/okta-organization" => Spoils::Everything,
            "GET /api/v1/users" => Spoils::Kinds(&["users", "passwords"]),
            "GET /api/v1/users/{userId}/factors" => Spoils::Kinds(&["factors"]),
            "GET /api/v1/users/{userId}/devices" => Spoils::Kinds(&["devices"]),
            "GET /api/v1/users/{userId}/groups" => Spoils::Kinds(&["group-memberships"]),
            "GET /api/v1/users/{userId}/grants" => Spoils::Kinds(&["user-grants"]),
            "GET /api/v1/users/{userId}/roles" => Spoils::Kinds(&["admin-roles", "api-tokens", "group-memberships"]),
            "GET /api/v1/iam/roles/{roleIdOrLabel}/permissions" => {
                Spoils::Kinds(&["admin-roles", "api-tokens", "group-memberships"])
            }
            "GET /api/v1/apps" => Spoils::Kinds(&["apps", "app-assignments", "refresh-tokens", "app-grants"]),
            "GET /api/v1/apps/{appId}/users" => Spoils::Kinds(&["app-assignments"]),
            "GET /api/v1/apps/{appId}/tokens"
            | "GET /api/v1/authorizationServers"
            | "GET /api/v1/authorizationServers/{authServerId}/clients"
            | "GET /api/v1/authorizationServers/{authServerId}/clients/{clientId}/tokens" => {
                Spoils::Kinds(&["refresh-tokens"])
            }
            "GET /api/v1/apps/{appId}/grants" => Spoils::Kinds(&["app-grants"]),
            "GET /api/v1/iam/assignees/users" => Spoils::Kinds(&["admin-roles"]),
            "GET /api/v1/api-tokens" => Spoils::Kinds(&["api-tokens"]),
            "GET /api/v1/logs" | "GET /api/v1/users/{userId}" => Spoils::Kinds(&["system-log"]),
            "GET /api/v1/policies?type=OKTA_SIGN_ON" | "GET /api/v1/policies/{policyId}/rules" => {
                Spoils::Kinds(&["session-policies"])
            }
            _ => Spoils::Nothing("asked beside the reading: for second looks, and for the scanner's own role"),
        };
        ALLOW
            .operations
            .iter()
            .map(|operation| Route {
                operation: operation.name,
                refusal: okta_error(403, "E0000006"),
                permission: operation.rights.first().copied().unwrap_or_default(),
                spoils: kinds(operation.name),
            })
            .collect()
    }

    fn lists(&self) -> Vec<List> {
        let list = |name, kind| List { name, scope: name, kind, page: 3 };
        vec![
            list("users", AccessKind::Account),
            list("admin-roles", AccessKind::RoleBinding),
            list("app-assignments", AccessKind::RoleBinding),
            list("refresh-tokens", AccessKind::Session),
            list("user-grants", AccessKind::OauthGrant),
        ]
    }

    fn mishaps(&self) -> Vec<Mishap> {
        let users = Spoils::Kinds(&["users", "passwords"]);
        let all_apps = Spoils::Kinds(&["apps", "app-assignments", "refresh-tokens", "app-grants"]);
        let mishap = |name, class, on, damage, spoils, says| Mishap {
            name,
            class,
            stage: Stage::Usual,
            on,
            damage,
            spoils,
            says,
        };
        let list = || On::operation("GET /api/v1/users");
        let reset = |after: i64| PRESENT.timestamp() + after;
        let again =
            Damage::change(|asked, answer| answer.with_only("link", &format!("<{}>; rel=\"next\"", asked.address())));
        let empty_first = Damage::change(|asked, answer| {
            let next = format!("<{}&again=1>; rel=\"next\"", asked.address());
            answer.edit(|page| *page = serde_json::json!([])).with_only("link", &next)
        });
        let other_order = Damage::reversed("");
        let without_headers = Damage::Reply(okta_error(429, "E0000047"));
        let hidden = |id: &'static str| {
            Damage::change(move |_, answer| {
                answer.edit(|page| {
                    if let Some(all) = page.as_array_mut() {
                        all.retain(|one| one["id"] != id);
                    }
                })
            })
        };
        let nothing = |why| Spoils::Nothing(why);
        let mut all = vec![
            mishap("P2 the same cursor again", Class::Paging, list().nth(2), again, users.clone(), "same cursor"),
            mishap(
                "P3 an empty page with a next link",
                Class::Paging,
                list().nth(1),
                empty_first,
                nothing("it is followed"),
                "",
            ),
            mishap(
                "P4 another order on a page",
                Class::Paging,
                list().nth(2),
                other_order,
                nothing("ids tell objects apart"),
                "",
            ),
            mishap(
                "P6 a cursor that has expired",
                Class::Paging,
                list().from(3),
                Damage::Reply(okta_error(400, "E0000031")),
                users.clone(),
                "400",
            ),
            mishap(
                "P7 a page that fails for good",
                Class::Paging,
                list().from(3),
                Damage::Reply(okta_error(500, "E0000009")),
                users.clone(),
                "",
            ),
            mishap(
                "X5 a next link to another origin",
                Class::Paging,
                list().nth(2),
                Damage::next_link("https://other.example/x"),
                users.clone(),
                "origin",
            ),
            mishap(
                "L3 a reset in epoch seconds",
                Class::Limit,
                list().nth(2),
                Damage::Reply(okta_throttled(reset(2))),
                nothing("it is waited out"),
                "",
            ),
            mishap(
                "L3 a reset in the past",
                Class::Limit,
                list().nth(2),
                Damage::Reply(okta_throttled(reset(-60))),
                nothing("our own backoff"),
                "",
            ),
            mishap("L1 no header at all", Class::Limit, list().nth(2), without_headers, nothing("our own backoff"), ""),
            mishap(
                "L4 a wait beyond the longest",
                Class::Limit,
                list().nth(2),
                Damage::Reply(okta_throttled(reset(86_400))),
                users.clone(),
                "rate limited",
            ),
            mishap(
                "P11 an error document with 200",
                Class::PartialReply,
                list().nth(2),
                Damage::Reply(okta_error(200, "E0000009")),
                users,
                "",
            ),
            mishap(
                "P11 no content",
                Class::PartialReply,
                On::operation("GET /api/v1/api-tokens"),
                Damage::Reply(Answer::status(204)),
                Spoils::Kinds(&["api-tokens"]),
                "",
            ),
        ];
        let sighting = if self.is_app() {
            mishap(
                "the scanner's own app is hidden",
                Class::SelfSighting,
                On::operation("GET /api/v1/apps"),
                hidden(world::CLIENT),
                all_apps,
                "own service app",
            )
        } else {
            let users = Spoils::Kinds(&["users", "passwords"]);
            mishap(
                "the scanner's own user is hidden",
                Class::SelfSighting,
                list(),
                hidden(world::SCANNER),
                users,
                "API token",
            )
        };
        all.push(sighting);
        all
    }

    fn truth(&self) -> Vec<Truth> {
        let mut all = Vec::new();
        let mut put = |scope, kind, grant_id: String, status| all.push(Truth { scope, kind, grant_id, status });
        for (state, status) in USER_STATES {
            let id = match *state {
                "ACTIVE" => String::from(LEA),
                "DEPROVISIONED" => String::from(TOM),
                state => format!("00ustate{state}"),
            };
            // Deactivation takes the password away.
            if id != TOM {
                put("passwords", AccessKind::Password, format!("{id}/password"), *status);
            }
            put("users", AccessKind::Account, id, *status);
        }
        for (state, status) in ASSIGNMENT_STATES {
            put("app-assignments", AccessKind::RoleBinding, format!("{CRM}/00ustate{state}"), *status);
        }
        for (state, status) in FACTOR_STATES {
            put("factors", AccessKind::MfaDevice, format!("{LEA}/opf{state}"), *status);
        }
        for (state, status) in DEVICE_STATES {
            put("devices", AccessKind::MfaDevice, format!("{LEA}/guf-guo{state}-{LEA}"), *status);
        }
        for (user, (_, status)) in [LEA, TOM].into_iter().zip(GRANT_STATES) {
            put("user-grants", AccessKind::OauthGrant, format!("oag{user}"), *status);
            put("refresh-tokens", AccessKind::Session, format!("oar{user}"), *status);
        }
        for (id, (_, status)) in
            [format!("{LEA}/role/ra1super"), format!("{TOM}/role/ra2super")].into_iter().zip(ROLE_STATES)
        {
            put("admin-roles", AccessKind::RoleBinding, id, *status);
        }
        put("api-tokens", AccessKind::ApiToken, String::from("00Tlea"), Status::Enabled);
        put("group-memberships", AccessKind::GroupMembership, format!("{LEA}/00gadmins"), Status::Enabled);
        put("app-grants", AccessKind::OauthGrant, String::from("oagorg"), Status::Enabled);
        put("system-log", AccessKind::Session, format!("{LEA}/okta"), Status::Unknown);
        all
    }

    fn expiry(&self) -> Expiry {
        let sign_in: &'static [&'static str] = if self.is_app() { &["POST /oauth2/v1/token"] } else { &[] };
        Expiry { refusal: okta_error(401, "E0000011"), sign_in }
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["client_secret", "secret_hash", "answer", "sharedSecret", "passCode", "errorSummary"]
    }

    fn excuses(&self) -> Vec<Excuse> {
        let look = "a second look or a question about the scanner itself, which reading does not ask";
        let excuse = |point, part, reason| Excuse { point, part, reason };
        let mut all = vec![
            excuse(
                Point::Pages,
                "users/0",
                "an organisation without anybody is told as not seen: somebody made the credential",
            ),
            excuse(Point::Pages, "admin-roles/0", "the scanner's own user has a role"),
            excuse(Point::RoutesDenied, "GET /api/v1/users/{userId}/roles/{roleAssignmentId}", look),
            excuse(Point::RoutesDenied, "GET /api/v1/apps/{appId}/users/{userId}", look),
            excuse(Point::RoutesDenied, "GET /api/v1/api-tokens/{apiTokenId}", look),
            excuse(Point::PartialReplies, "GET /api/v1/users/{userId}/roles/{roleAssignmentId}", look),
            excuse(Point::PartialReplies, "GET /api/v1/apps/{appId}/users/{userId}", look),
            excuse(Point::PartialReplies, "GET /api/v1/api-tokens/{apiTokenId}", look),
        ];
        if !self.is_app() {
            let own = "a service app's way in";
            for operation in ["POST /oauth2/v1/token", "GET /oauth2/v1/clients/{clientId}/roles"] {
                for point in [Point::RoutesDenied, Point::PartialReplies, Point::OnlyListedRequests] {
                    all.push(excuse(point, operation, own));
                }
            }
        }
        all
    }
}
