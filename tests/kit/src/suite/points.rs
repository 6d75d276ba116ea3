//! The points that every reading can be held to.

use std::collections::BTreeSet;
use std::sync::Arc;

use scan_contract::{AccessRef, Cause, Look, RightState, Scanner};

use super::bench::{Bench, Class, Credential, Point, Setting, Spoils, Stage};
use super::compare::{differences, silent_losses};
use super::drive::{excused, judge, read_once, run, scanner_of, spoilt_as_told, spread, sweep, whole};
use super::read::{Follow, Reading, read_everything};
use crate::fault::{Damage, Logged, On};

/// Right credentials: every scope is complete, every kind of the manifest is there, every right is there, and what it
/// cost is what was sent.
pub fn right_credentials(bench: &dyn Bench) {
    let setting = Setting::usual();
    let service = bench.serve(&setting);
    let mut failures = Vec::new();
    match scanner_of(bench, &service, &setting) {
        Err(cause) => failures.push(format!("there is no scanner: {cause}")),
        Ok(scanner) => run(async {
            let reading = read_everything(&scanner, Follow::Everybody).await;
            failures.extend(reading.breaches.clone());
            failures.extend(reading.closed.iter().map(|cause| format!("closing fails: {cause}")));
            failures.extend((!reading.is_whole()).then(|| format!("not complete:{}", reading.shown_gaps())));
            for (name, scope) in reading.scopes.iter().filter(|(_, scope)| scope.is_told_unread()) {
                if !excused(bench, Point::RightCredentials, &scope.kind) {
                    failures.push(format!("{name} is never read, and no reason is written: {}", scope.shown_gaps()));
                }
            }
            let sent = service.server.count() as u64;
            match scanner.effort() {
                Some(effort) if effort.requests == sent => {}
                effort => failures.push(format!("{sent} requests were sent, and the effort says {effort:?}")),
            }
            for kind in scanner.manifest().scopes.iter().map(|scope| scope.kind.as_str()) {
                if reading.of_kind(kind).next().is_none() && !excused(bench, Point::RightCredentials, kind) {
                    failures.push(format!("the manifest has {kind}, and nothing of that kind was read"));
                }
            }
            let known: BTreeSet<&str> = scanner.manifest().scopes.iter().map(|scope| scope.kind.as_str()).collect();
            for scope in reading.scopes.values().filter(|scope| !known.contains(scope.kind.as_str())) {
                failures.push(format!("scope kind {} is not in the manifest", scope.kind));
            }
            failures.extend(rights_held(&scanner).await);
        }),
    }
    failures.extend(service.server.complaints());
    service.server.stop();
    judge(Point::RightCredentials, &failures);
}

async fn rights_held(scanner: &Arc<dyn Scanner>) -> Vec<String> {
    match scanner.check_rights().await {
        Err(cause) => vec![format!("rights cannot be checked: {cause}")],
        Ok(None) => vec![String::from("a live scanner names no rights")],
        Ok(Some(rights)) => rights
            .needed
            .iter()
            .filter(|right| !matches!(right.state, RightState::Have | RightState::Off))
            .map(|right| format!("right {} is {:?} although the credential has all", right.name, right.state))
            .collect(),
    }
}

/// Wrong credentials: no scope is complete, nothing is read, and the service is not asked over and over.
pub fn wrong_credentials(bench: &dyn Bench) {
    if excused(bench, Point::WrongCredentials, "") {
        return;
    }
    let setting = Setting::usual().with(Credential::Wrong);
    let (reading, log, mut failures) = read_once(bench, &setting, |_| {});
    failures.extend(nothing_read(&reading));
    let refused = |cause: &Cause| matches!(cause, Cause::Unauthenticated { .. } | Cause::Denied { .. });
    let mut causes = reading.gaps().map(|gap| &gap.cause).chain(&reading.undeclared);
    if !causes.any(refused) {
        failures.push(format!("no cause says that the credential is refused:{}", reading.shown_gaps()));
    }
    if log.len() > 12 {
        failures.push(format!("{} requests with a credential that was refused at once", log.len()));
    }
    judge(Point::WrongCredentials, &failures);
}

/// A credential of another tenant: every scope fails and names both.
pub fn wrong_tenant(bench: &dyn Bench) {
    if excused(bench, Point::WrongTenant, "") {
        return;
    }
    let setting = Setting::usual().with(Credential::OtherTenant);
    let (reading, _, mut failures) = read_once(bench, &setting, |_| {});
    failures.extend(nothing_read(&reading));
    let wrong = |cause: &Cause| matches!(cause, Cause::WrongSystem { declared, found } if declared != found);
    let told = reading.undeclared.iter().any(wrong)
        || (!reading.scopes.is_empty()
            && reading.scopes.values().all(|scope| scope.gaps.iter().any(|gap| wrong(&gap.cause))));
    if !told {
        failures.push(format!("not every scope says that this is another system:{}", reading.shown_gaps()));
    }
    judge(Point::WrongTenant, &failures);
}

fn nothing_read(reading: &Reading) -> Vec<String> {
    let complete = reading.scopes.iter().filter(|(_, scope)| scope.is_complete());
    let mut failures: Vec<String> = complete.map(|(name, _)| format!("{name} is called complete")).collect();
    let records: u64 = reading.scopes.values().map(|scope| scope.count).sum();
    failures.extend((records > 0).then(|| format!("{records} records were read")));
    if reading.scopes.is_empty() && reading.undeclared.is_none() {
        failures.push(String::from("no scope is declared, and no cause is given"));
    }
    failures
}

/// Each operation denied in turn gives exactly the gaps it has to give, with the right by its own name, and spoils
/// nothing else.
pub fn every_route_denied_gives_its_gap(bench: &dyn Bench) {
    let setting = Setting::usual();
    let (expected, log, mut failures) = whole(bench, &setting);
    let routes = bench.routes();
    let known: BTreeSet<&str> = routes.iter().map(|route| route.operation).collect();
    let asked = operations(&log);
    failures.extend(asked.difference(&known).map(|operation| format!("no route says what {operation} spoils")));
    let cases = routes
        .into_iter()
        .filter(|route| !excused(bench, Point::RoutesDenied, route.operation))
        .map(|route| (format!("{} denied", route.operation), route))
        .collect();
    failures.extend(sweep(cases, |route| {
        let (reading, _, mut failures) = read_once(bench, &setting, |server| {
            server.plant(On::operation(route.operation), Damage::Reply(route.refusal.clone()));
        });
        failures.extend(spoilt_as_told(&expected, &reading, &route.spoils, route.permission));
        failures
    }));
    judge(Point::RoutesDenied, &failures);
}

/// Lists of no object, one, exactly one full page, one more, and many pages.
pub fn pages(bench: &dyn Bench) {
    if excused(bench, Point::Pages, "") {
        return;
    }
    let mut cases = Vec::new();
    for list in bench.lists() {
        let sizes: BTreeSet<usize> = [0, 1, list.page, list.page + 1, 3 * list.page + 1].into();
        for objects in sizes {
            if !excused(bench, Point::Pages, &format!("{}/{objects}", list.name)) {
                cases.push((format!("{} with {objects}", list.name), (list, objects)));
            }
        }
    }
    let mut failures = sweep(cases, |(list, objects)| {
        let setting = Setting::of(Stage::List { list: list.name, objects });
        let (reading, _, mut failures) = whole(bench, &setting);
        let found = reading.records(list.scope, list.kind).count();
        if found != objects {
            failures.push(format!("{found} records of {} in {}", list.kind, list.scope));
        }
        failures
    });
    failures.extend(mishaps_of(bench, Class::Paging, Point::Pages));
    judge(Point::Pages, &failures);
}

fn operations(log: &[Logged]) -> BTreeSet<&str> {
    log.iter().map(|logged| logged.asked.operation.as_str()).collect()
}

/// Faults in the service's dialect of one class; one at least, or a written reason.
fn mishaps_of(bench: &dyn Bench, class: Class, point: Point) -> Vec<String> {
    let mishaps: Vec<_> = bench.mishaps().into_iter().filter(|mishap| mishap.class == class).collect();
    if mishaps.is_empty() && !excused(bench, point, "mishaps") {
        return vec![format!("there is no mishap of class {class:?}, and no reason why")];
    }
    let cases = mishaps.into_iter().map(|mishap| (String::from(mishap.name), mishap)).collect();
    sweep(cases, |mishap| {
        let setting = Setting::of(mishap.stage.clone());
        let (expected, _, mut failures) = whole(bench, &setting);
        let (reading, _, more) = read_once(bench, &setting, |server| {
            server.plant(mishap.on.clone(), mishap.damage.clone());
        });
        failures.extend(more);
        failures.extend(spoilt_as_told(&expected, &reading, &mishap.spoils, mishap.says));
        failures
    })
}

/// Limits in each form the service uses.
pub fn limits_in_each_form(bench: &dyn Bench) {
    judge(Point::Limits, &mishaps_of(bench, Class::Limit, Point::Limits));
}

/// What was read holds the scanner's own identity or a known object, and its absence is told.
pub fn self_sighting(bench: &dyn Bench) {
    if excused(bench, Point::SelfSighting, "") {
        return;
    }
    judge(Point::SelfSighting, &mishaps_of(bench, Class::SelfSighting, Point::SelfSighting));
}

/// Success statuses that are none: the service's own ways, and on every route a login page, a JSON document that is
/// something else, and a document cut in its middle.
pub fn partial_replies(bench: &dyn Bench) {
    let mut failures = mishaps_of(bench, Class::PartialReply, Point::PartialReplies);
    let setting = Setting::usual();
    let (expected, log, more) = whole(bench, &setting);
    let asked = operations(&log);
    failures.extend(more);
    let half = || {
        Damage::change(|_, mut answer| {
            answer.body.truncate(answer.body.len() / 2);
            answer
        })
    };
    let empty = || Damage::Reply(crate::fault::Answer::json(&serde_json::json!({})));
    let none = || Damage::Reply(crate::fault::Answer::bytes("application/json", ""));
    let mut cases = Vec::new();
    for route in bench.routes().into_iter().filter(|route| asked.contains(route.operation)) {
        let damages = [("login page", Damage::login_page()), ("{}", empty()), ("half", half()), ("no body", none())];
        for (what, damage) in damages {
            let name = format!("{} answers with {what}", route.operation);
            if !excused(bench, Point::PartialReplies, route.operation) {
                cases.push((name, (route.operation, route.spoils.clone(), damage)));
            }
        }
    }
    failures.extend(sweep(cases, |(operation, spoils, damage)| {
        let (reading, _, mut failures) = read_once(bench, &setting, |server| {
            server.plant(On::operation(operation), damage.clone());
        });
        failures.extend(silent_losses(&expected, &reading));
        if reading.is_as_far_as(&expected) && !matches!(spoils, Spoils::Nothing(_)) {
            failures.push(String::from("everything is called complete"));
        }
        failures
    }));
    judge(Point::PartialReplies, &failures);
}

/// Two readings of an unchanged world are equal: by the same scanner, and by another.
pub fn two_full_reads_are_equal(bench: &dyn Bench) {
    let setting = Setting::usual();
    let (first, _, mut failures) = whole(bench, &setting);
    let service = bench.serve(&setting);
    match scanner_of(bench, &service, &setting) {
        Err(cause) => failures.push(format!("there is no scanner: {cause}")),
        Ok(scanner) => run(async {
            let second = read_everything(&scanner, Follow::Everybody).await.at(&service.server);
            let third = read_everything(&scanner, Follow::Everybody).await.at(&service.server);
            failures.extend(differences(&first, &second));
            failures.extend(differences(&second, &third).into_iter().map(|what| format!("same scanner again: {what}")));
        }),
    }
    failures.extend(service.server.complaints());
    service.server.stop();
    judge(Point::TwoReads, &failures);
}

/// Every state that the service knows is read as what it is, and every kind that the manifest promises comes.
pub fn every_state(bench: &dyn Bench) {
    let setting = Setting::usual();
    let (reading, _, mut failures) = whole(bench, &setting);
    for truth in bench.truth() {
        let found = reading.records(truth.scope, truth.kind).find(|one| one.grant_id.as_str() == truth.grant_id);
        match found {
            None => failures.push(format!("{} {} is not in {}", truth.kind, truth.grant_id, truth.scope)),
            Some(access) if access.status == truth.status => {}
            Some(access) => failures.push(format!(
                "{} {} is {}, and was read as {}",
                truth.kind, truth.grant_id, truth.status, access.status
            )),
        }
    }
    let service = bench.serve(&setting);
    if let Ok(scanner) = scanner_of(bench, &service, &setting) {
        for scope in &scanner.manifest().scopes {
            for kind in &scope.yields {
                let part = format!("{}/{kind}", scope.kind);
                if reading.records(&scope.kind, *kind).next().is_none() && !excused(bench, Point::EveryState, &part) {
                    failures.push(format!("the manifest promises {part}, and none was read"));
                }
            }
        }
    }
    service.server.stop();
    judge(Point::EveryState, &failures);
}

/// The credential ends in mid-walk: with renewal the result is the same; without, the loss is told.
pub fn expiry_in_mid_walk(bench: &dyn Bench) {
    if excused(bench, Point::ExpiryInMidWalk, "") {
        return;
    }
    let setting = Setting::usual();
    let (expected, log, mut failures) = whole(bench, &setting);
    let expiry = bench.expiry();
    let signs_in = expiry.sign_in;
    let asks = log.iter().filter(|logged| !signs_in.contains(&logged.asked.operation.as_str())).count();
    let asked = move || On::any().when(move |asked| !signs_in.contains(&asked.operation.as_str()));
    let cases = spread(asks, 16).into_iter().map(|n| (format!("request {n}"), n)).collect();
    failures.extend(sweep(cases, |n| {
        let refused = || Damage::Reply(expiry.refusal.clone());
        let (reading, _, mut failures) = read_once(bench, &setting, |server| {
            server.plant(asked().nth(n), refused());
        });
        let lost = differences(&expected, &reading);
        failures.extend(silent_losses(&expected, &reading));
        if !signs_in.is_empty() || reading.is_as_far_as(&expected) {
            failures.extend(lost);
        }
        if !signs_in.is_empty() {
            let (reading, _, more) = read_once(bench, &setting, |server| {
                server.plant(asked().from(n), refused());
                let renewal = On::any().when(move |asked| signs_in.contains(&asked.operation.as_str())).from(2);
                drop(server.plant(renewal, refused()).optional());
            });
            failures.extend(more);
            failures.extend(silent_losses(&expected, &reading));
            if reading.is_as_far_as(&expected) && !differences(&expected, &reading).is_empty() {
                failures.push(String::from("renewal fails, and everything is called complete"));
            }
        }
        failures
    }));
    judge(Point::ExpiryInMidWalk, &failures);
}

/// Nothing outside the list is sent by reading, checking rights or looking twice; and everything on the list is used.
pub fn only_listed_requests(bench: &dyn Bench) {
    let setting = Setting::usual();
    let service = bench.serve(&setting);
    let mut failures = Vec::new();
    match scanner_of(bench, &service, &setting) {
        Err(cause) => failures.push(format!("there is no scanner: {cause}")),
        Ok(scanner) => run(async {
            let reading = read_everything(&scanner, Follow::Everybody).await;
            if let Err(cause) = scanner.check_rights().await {
                failures.push(format!("rights cannot be checked: {cause}"));
            }
            for (name, scope) in &reading.scopes {
                let Some((kind, grant_id)) = scope.records.keys().next().cloned() else { continue };
                let access = AccessRef { scope: name.as_str().into(), kind, grant_id };
                match scanner.look(&access).await {
                    Ok(Look::Present | Look::NotOffered | Look::Disabled) => {}
                    other => failures.push(format!("a second look at what was just read gives {other:?}: {access:?}")),
                }
            }
        }),
    }
    let log = service.server.log();
    let asked = operations(&log);
    for route in bench.routes() {
        if !asked.contains(route.operation) && !excused(bench, Point::OnlyListedRequests, route.operation) {
            failures.push(format!("{} is on the list and never used", route.operation));
        }
    }
    failures.extend(service.server.complaints());
    service.server.stop();
    judge(Point::OnlyListedRequests, &failures);
}
