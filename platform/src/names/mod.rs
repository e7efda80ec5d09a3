//! Names of users and groups by number or, on Windows, by SID, cached.
//!
//! A lookup may go over the network (LDAP, SSSD), so every answer is asked for once, "there is no
//! such user" included. Names are for people to read; numbers stay what is compared.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as os;
#[cfg(not(unix))]
mod windows;
#[cfg(not(unix))]
use windows as os;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use crate::acl::Sid;

type Cache<K> = RwLock<HashMap<K, Option<Arc<str>>>>;

/// A cache of user and group names, shared by all threads.
#[derive(Debug, Default)]
pub struct Names {
    users: Cache<u32>,
    groups: Cache<u32>,
    accounts: Cache<Sid>,
}

impl Names {
    /// Returns an empty cache.
    pub fn new() -> Names {
        Names::default()
    }

    /// Returns the name of a user, or `None` when the number has none.
    pub fn user(&self, uid: u32) -> Option<Arc<str>> {
        cached(&self.users, uid, os::user)
    }

    /// Returns the name of a group, or `None` when the number has none.
    pub fn group(&self, gid: u32) -> Option<Arc<str>> {
        cached(&self.groups, gid, os::group)
    }

    /// Returns the name of an account of Windows, such as `BUILTIN\\Administrators`, or `None` when
    /// the SID has none or this is not Windows.
    pub fn account(&self, sid: &Sid) -> Option<Arc<str>> {
        cached(&self.accounts, sid.clone(), |sid| os::account(&sid))
    }
}

/// Returns the cached answer or looks it up; two threads may look up the same number at once, and
/// no lock is held meanwhile, so that one slow answer does not stop the others.
fn cached<K: Clone + Eq + Hash>(
    cache: &Cache<K>,
    id: K,
    look_up: impl FnOnce(K) -> Option<String>,
) -> Option<Arc<str>> {
    // A map is whole after every single insertion, so a poisoned lock does not matter.
    if let Some(known) = cache
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&id)
    {
        return known.clone();
    }
    let name = look_up(id.clone()).map(Arc::from);
    let mut known = cache.write().unwrap_or_else(PoisonError::into_inner);
    known.entry(id).or_insert(name).clone()
}

/// Returns a security descriptor in the language of Windows (SDDL), such as `O:BAG:SYD:(A;;FA;;;SY)`;
/// `None` when this is not Windows or it cannot be read.
pub fn descriptor_text(descriptor: &[u8]) -> Option<String> {
    os::descriptor_text(descriptor)
}
