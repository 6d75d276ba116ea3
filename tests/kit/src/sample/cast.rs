//! People with a part to play. Their ids never change, whatever the seed.

/// Leads security; approves.
pub(super) const LEAD: &str = "p-0001";
/// Second approver.
pub(super) const SECOND: &str = "p-0002";
/// Asks for exceptions; reviews links.
pub(super) const MANAGER: &str = "p-0003";
/// Owns things together with leavers, and stays.
pub(super) const CO_OWNER: &str = "p-0004";
/// Her GitHub login is tied to her by the single sign-on, and her key there opens root on a host.
pub(super) const GRAPH: &str = "p-0010";
/// Administrator of the cloud who had to go at once; his key was used after that.
pub(super) const ADMIN: &str = "p-0011";
/// Her account is switched off and her session lives on.
pub(super) const SESSION: &str = "p-0012";
/// Her last use is known by the day only: nobody can tell.
pub(super) const UNDECIDED: &str = "p-0013";
/// Came back after a gap.
pub(super) const REHIRED: &str = "p-0014";
/// Became a contractor without a gap.
pub(super) const CONVERTED: &str = "p-0015";
/// Does not work any more, and is still employed.
pub(super) const GARDEN: &str = "p-0016";
/// On leave.
pub(super) const ON_LEAVE: &str = "p-0017";
/// Died.
pub(super) const DECEASED: &str = "p-0018";
/// Left years ago; the address was given away.
pub(super) const OLD_SMITH: &str = "p-0019";
/// Has the address now.
pub(super) const NEW_SMITH: &str = "p-0020";
/// Works on repositories with a private account.
pub(super) const OUTSIDER: &str = "p-0021";
/// Owns things alone; jobs run as them.
pub(super) const SOLE_OWNER: &str = "p-0022";
/// Owns things with [`CO_OWNER`].
pub(super) const SHARED_OWNER: &str = "p-0023";
/// Made keys of services.
pub(super) const KEY_MAKER: &str = "p-0024";
/// Has a new name and an address of a domain that was given up.
pub(super) const NEW_NAME: &str = "p-0025";
/// Has a name that a spreadsheet would run.
pub(super) const FORMULA: &str = "p-0026";
/// Has a name that moves a terminal.
pub(super) const ESCAPES: &str = "p-0027";
/// Leaves at the end of August, and nobody may know.
pub(super) const FUTURE: &str = "p-0029";
/// The last day is over here, and not yet in Los Angeles.
pub(super) const LAST_HOUR: &str = "p-0030";
/// Left in the night: most things are within the agreed time.
pub(super) const LAST_NIGHT: &str = "p-0031";
/// Knew secrets.
pub(super) const READER: &str = "p-0032";
/// Data has to be kept.
pub(super) const HOLD: &str = "p-0033";
/// Invited shortly before the end.
pub(super) const INVITED: &str = "p-0034";
/// Has an exception in force.
pub(super) const EXCEPTED: &str = "p-0035";
/// Has one that has lapsed.
pub(super) const LAPSED: &str = "p-0036";
/// Planted.
pub(super) const CANARY: &str = "p-9001";
/// Contractor whose zone nobody knows: the end is known within a day only.
pub(super) const NO_ZONE: &str = "c-0001";
/// Contractor who was extended.
pub(super) const EXTENDED: &str = "c-0002";
