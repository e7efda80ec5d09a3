//! Access lists of Windows, as bytes: [`Sid`], and of a descriptor whom it lets in.
//!
//! Pure and compiled everywhere. The layout is that of a self-relative `SECURITY_DESCRIPTOR`,
//! see [MS-DTYP] 2.4. A denial is not weighed against a permission: what is permitted to somebody
//! counts, since the order of the entries, and who is in which group, decide what a denial does.
//!
//! [MS-DTYP]: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-dtyp/

#[cfg(test)]
mod tests;

use std::fmt;

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid(Box<[u8]>);

/// The system itself.
pub(crate) const SYSTEM: &str = "S-1-5-18";
/// The group of those who may do everything.
pub(crate) const ADMINISTRATORS: &str = "S-1-5-32-544";
/// Anybody at all.
pub(crate) const EVERYBODY: &str = "S-1-1-0";
/// The installer of Windows, which owns what belongs to it.
const TRUSTED_INSTALLER: &str = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
/// Whoever creates something in a directory, and whoever owns it: not somebody else.
const OF_OWNERS: [&str; 2] = ["S-1-3-0", "S-1-3-4"];

/// The rights with which content, names, streams or the access list itself can be changed:
/// to write, append, write extended attributes, delete children, write attributes, delete, write
/// the access list, take ownership, all and write generically.
const WRITE: u32 = 0x0002
    | 0x0004
    | 0x0010
    | 0x0040
    | 0x0100
    | 0x1_0000
    | 0x4_0000
    | 0x8_0000
    | 0x1000_0000
    | 0x4000_0000;
/// The rights with which a directory, or something that is in it, can be put out of its place: to
/// delete children, delete, write the access list, take ownership, all.
const DISPLACE: u32 = 0x0040 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000;
/// The rights to read content or list names, also generically.
const READ: u32 = 0x0001 | 0x8000_0000;

/// Says that the list is present.
const DACL_PRESENT: u16 = 0x0004;
const HEADER: usize = 20;
/// Says that an entry counts for what is made in a directory, and not for the directory.
const INHERIT_ONLY: u8 = 0x08;

impl Sid {
    /// Reads the identity that these bytes begin with.
    pub fn parse(bytes: &[u8]) -> Option<Sid> {
        let [1, count @ ..=15, ..] = *bytes else {
            return None;
        };
        let length = 8 + 4 * usize::from(count);
        bytes.get(..length).map(|sid| Sid(sid.into()))
    }

    /// Says whether we trust it as Unix trusts root.
    fn is_of_the_system(&self) -> bool {
        let text = self.to_string();
        [SYSTEM, ADMINISTRATORS, TRUSTED_INSTALLER].contains(&text.as_str())
    }

    /// Says whether it stands for whoever makes or owns something: not for somebody else.
    fn is_placeholder(&self) -> bool {
        OF_OWNERS.contains(&self.to_string().as_str())
    }

    /// Returns it as the system takes it.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Sid {
    /// Writes it as `S-1-5-32-544`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.get(2..8).unwrap_or_default();
        let authority = authority
            .iter()
            .fold(0, |sum: u64, &byte| sum << 8 | u64::from(byte));
        // Beyond 32 bits it is written in hexadecimal.
        match u32::try_from(authority) {
            Ok(small) => write!(f, "S-1-{small}")?,
            Err(_) => write!(f, "S-1-{authority:#014x}")?,
        }
        let (parts, _) = self.0.get(8..).unwrap_or_default().as_chunks::<4>();
        parts
            .iter()
            .try_for_each(|part| write!(f, "-{}", u32::from_le_bytes(*part)))
    }
}

/// Who owns something, and whom its access list lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    owner: Option<Sid>,
    /// `None` lets in everybody.
    permissions: Option<Vec<Permission>>,
}

/// What somebody is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Permission {
    who: Sid,
    rights: u32,
    is_for_children_only: bool,
}

/// How somebody else comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Intruder {
    /// Owns it, and so may change its access list; there may be no owner.
    Owner(Option<Sid>),
    /// There is no access list, so everybody may do everything.
    Everybody,
    /// May change it.
    Writer(Sid),
    /// May read it.
    Reader(Sid),
}

impl Descriptor {
    /// Decodes a self-relative security descriptor; `None` when it is none, or has an entry of an
    /// unknown kind.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Descriptor> {
        if bytes.len() < HEADER || bytes.first() != Some(&1) {
            return None;
        }
        let owner = match u32_at(bytes, 4)? {
            0 => None,
            at => Some(Sid::parse(bytes.get(at as usize..)?)?),
        };
        let at = u32_at(bytes, 16)? as usize;
        let has_list = u16_at(bytes, 2)? & DACL_PRESENT != 0 && at != 0;
        let permissions = match has_list {
            true => Some(parse_list(bytes.get(at..)?)?),
            false => None,
        };
        Some(Descriptor { owner, permissions })
    }

    /// Returns somebody besides this user and the system who comes in, if there is anybody: the
    /// owner before those who may write, those before mere readers.
    pub(crate) fn intruder(&self, user: &Sid) -> Option<Intruder> {
        self.stranger(user, |permission| permission.rights & WRITE != 0)
            .or_else(|| {
                let reads = |permission: &Permission| permission.rights & READ != 0;
                self.stranger(user, reads).map(|found| match found {
                    Intruder::Writer(who) => Intruder::Reader(who),
                    other => other,
                })
            })
    }

    /// Returns somebody besides this user and the system who may put a directory, or what is in it,
    /// out of its place. Who may only make something new in it may not.
    pub(crate) fn displacer(&self, user: &Sid) -> Option<Intruder> {
        self.stranger(user, |permission| {
            permission.rights & DISPLACE != 0 && !permission.is_for_children_only
        })
    }

    /// Returns the owner if it is somebody else, or somebody else who is permitted such a thing.
    fn stranger(&self, user: &Sid, is_such: impl Fn(&Permission) -> bool) -> Option<Intruder> {
        let is_known = |sid: &Sid| sid == user || sid.is_of_the_system();
        if !self.owner.as_ref().is_some_and(is_known) {
            return Some(Intruder::Owner(self.owner.clone()));
        }
        let Some(permissions) = &self.permissions else {
            return Some(Intruder::Everybody);
        };
        let mut others = permissions
            .iter()
            .filter(|permission| !is_known(&permission.who) && !permission.who.is_placeholder());
        let found = others.find(|permission| is_such(permission));
        found.map(|permission| Intruder::Writer(permission.who.clone()))
    }
}

/// Returns who is permitted what by an access list, entries that only children inherit included:
/// what we make in a directory gets those.
fn parse_list(bytes: &[u8]) -> Option<Vec<Permission>> {
    let list = bytes.get(..usize::from(u16_at(bytes, 2)?))?;
    let count = u16_at(list, 4)?;
    let mut rest = list.get(8..)?;
    let mut permissions = Vec::new();
    for _ in 0..count {
        let entry = rest.get(..usize::from(u16_at(rest, 2)?))?;
        rest = rest.get(entry.len()..)?;
        let rights = u32_at(entry, 4)?;
        let [kind, flags, ..] = *entry else {
            return None;
        };
        let permission = |who| Permission {
            who,
            rights,
            is_for_children_only: flags & INHERIT_ONLY != 0,
        };
        match kind {
            // ALLOWED, and the same with a condition.
            0 | 9 => permissions.push(permission(Sid::parse(entry.get(8..)?)?)),
            // ALLOWED for an object, and with a condition: two identifiers may stand before the SID.
            5 | 11 => {
                let ids = u32_at(entry, 8)?;
                let at = 12 + 16 * (ids & 3).count_ones() as usize;
                permissions.push(permission(Sid::parse(entry.get(at..)?)?));
            }
            // DENIED in its four forms.
            1 | 6 | 10 | 12 => {}
            _ => return None,
        }
    }
    Some(permissions)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let (number, _) = bytes.get(at..)?.split_first_chunk::<2>()?;
    Some(u16::from_le_bytes(*number))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let (number, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    Some(u32::from_le_bytes(*number))
}
