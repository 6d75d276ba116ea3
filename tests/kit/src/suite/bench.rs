//! What a scanner's test tells the suite.

use std::any::Any;
use std::sync::Arc;

use scan_contract::{AccessKind, Cause, Scanner, Status};

use crate::canary::Canaries;
use crate::fault::{Answer, Build, Damage, FaultServer, On};

/// How the service is set up for one point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// At least one object of every kind and in every state the service knows.
    Usual,
    /// One list has exactly so many objects; what else is there is as in [`Stage::Usual`] or empty.
    List {
        /// [`List::name`].
        list: &'static str,
        /// Objects in it.
        objects: usize,
    },
    /// Many objects, made as they are asked for: the stub must not hold them all.
    Large {
        /// Objects in all.
        objects: usize,
    },
    /// Each of these texts is a name in every place that takes one: logins, titles, paths, keys, notes.
    Names(Vec<String>),
}

/// The credential the scanner is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Right, with exactly the rights of the scanner's own policy.
    Right,
    /// Not known to the service.
    Wrong,
    /// Good, and of another account, organisation or tenant than the configuration declares.
    OtherTenant,
}

/// One setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What the service holds.
    pub stage: Stage,
    /// What the scanner signs in with.
    pub credential: Credential,
    /// The secret of that credential: letters and digits. Nothing but the service may ever see it.
    pub secret: String,
    /// Secrets planted in answers. [`Setting::build`] hands them to the server.
    pub canaries: Option<Arc<Canaries>>,
}

impl Setting {
    /// The usual world and the right credential.
    pub fn usual() -> Self {
        Self::of(Stage::Usual)
    }

    /// A stage and the right credential.
    pub fn of(stage: Stage) -> Self {
        let secret = String::from("s3cretOfTheScanner0000000000");
        Self { stage, credential: Credential::Right, secret, canaries: None }
    }

    /// The same with another credential.
    #[must_use]
    pub fn with(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// A server over this stub, with the setting's canaries. The bench adds [`Build::operations`] and starts it.
    pub fn build(&self, stub: Arc<impl crate::fault::Stub + 'static>) -> Build {
        let build = FaultServer::build(stub);
        match &self.canaries {
            Some(canaries) => build.canaries(Arc::clone(canaries)),
            None => build,
        }
    }
}

/// A running service.
pub struct Service {
    /// The server. Its `operations` are the scanner's own list.
    pub server: FaultServer,
    /// Whatever else must live as long: folders with secrets, a second server.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Service {
    /// A service of one server.
    pub fn new(server: FaultServer) -> Self {
        Self { server, keep: Box::new(()) }
    }
}

/// What a fault spoils.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoils {
    /// Every scope.
    Everything,
    /// At least one scope of each of these kinds, and none of any other kind.
    Kinds(&'static [&'static str]),
    /// No scope; the reason why the scanner needs no gap.
    Nothing(&'static str),
}

/// One operation and what becomes of the reading when it is denied.
#[derive(Debug, Clone)]
pub struct Route {
    /// Name in the scanner's list.
    pub operation: &'static str,
    /// The refusal in the service's own words.
    pub refusal: Answer,
    /// What must stand in the permission of the gap: the right by its own name.
    pub permission: &'static str,
    /// Which scopes show it.
    pub spoils: Spoils,
}

/// One list that comes in pages.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Name for [`Stage::List`].
    pub name: &'static str,
    /// Kind of the scope it fills.
    pub scope: &'static str,
    /// Kind of record each of its objects gives exactly one of.
    pub kind: AccessKind,
    /// Objects on a full page as the scanner asks for it.
    pub page: usize,
}

/// What a mishap belongs to. Every scanner has one of each class, or a written reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Faults of paging: no next link although the total says more, a cursor again, an empty page, a changed order.
    Paging,
    /// Limits, in each form the service uses.
    Limit,
    /// Success statuses that are none: error documents, partial data, login pages.
    PartialReply,
    /// The scanner's own identity, or a known object, is not in what was read.
    SelfSighting,
}

/// A fault in the dialect of the service, and what must come of it.
#[derive(Debug, Clone)]
pub struct Mishap {
    /// Row of the fault matrix and what happens: `P2 the same cursor again`.
    pub name: &'static str,
    /// Its class.
    pub class: Class,
    /// The world it happens in.
    pub stage: Stage,
    /// Which requests meet it.
    pub on: On,
    /// What happens to them.
    pub damage: Damage,
    /// What it spoils. [`Spoils::Nothing`]: the reading equals one without the fault.
    pub spoils: Spoils,
    /// What the cause of the gap must say. Empty: any cause will do.
    pub says: &'static str,
}

/// A record that must be there in the usual world: at least one for each state the service knows.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Kind of its scope.
    pub scope: &'static str,
    /// Kind of record.
    pub kind: AccessKind,
    /// Its id.
    pub grant_id: String,
    /// Its state.
    pub status: Status,
}

/// What the service says when it no longer takes a credential.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// The refusal.
    pub refusal: Answer,
    /// Operations that get a new credential. Empty: there is none to be had, and the refusal stands.
    pub sign_in: &'static [&'static str],
}

/// A point of the suite; each is the function of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    RightCredentials,
    WrongCredentials,
    WrongTenant,
    RoutesDenied,
    Pages,
    TwoReads,
    EveryState,
    Limits,
    ExpiryInMidWalk,
    SelfSighting,
    OnlyListedRequests,
    CanariesStayIn,
    HostileNames,
    CutAndResume,
    PartialReplies,
    ManyObjects,
}

/// A point, or a part of one, that does not apply. Printed and counted.
#[derive(Debug, Clone)]
pub struct Excuse {
    /// The point.
    pub point: Point,
    /// The part: an operation, `scope kind/access kind`. Empty: the point as a whole.
    pub part: &'static str,
    /// Why, in a sentence.
    pub reason: &'static str,
}

/// A scanner on the bench.
pub trait Bench: Send + Sync {
    /// Starts the service in this setting, with the scanner's list as its operations.
    fn serve(&self, setting: &Setting) -> Service;

    /// The scanner, configured for that service. Attempts few and waits short, so that faults do not take minutes.
    ///
    /// # Errors
    /// What its constructor says; the suite then takes it as the cause of every scope.
    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause>;

    /// Every operation of the scanner's list.
    fn routes(&self) -> Vec<Route>;

    /// Every list that pages.
    fn lists(&self) -> Vec<List>;

    /// Faults in the service's own dialect.
    fn mishaps(&self) -> Vec<Mishap>;

    /// Records of the usual world, one for each state at least, derived from what the stub was filled with.
    fn truth(&self) -> Vec<Truth>;

    /// What happens to credentials in mid-walk.
    fn expiry(&self) -> Expiry;

    /// Names of body fields in which the service sends secrets.
    fn secret_fields(&self) -> &'static [&'static str] {
        &[]
    }

    /// What does not apply, and why.
    fn excuses(&self) -> Vec<Excuse> {
        Vec::new()
    }
}
