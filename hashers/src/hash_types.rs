//! A set of hash types: what a rule asks for, what a file has digests of.
//!
//! It is one number, so it is copied and compared freely. Bit `n` stands for the type with
//! tag `n`; every set bit belongs to a known type. The number itself is not for storing: on
//! disk a set is written as its names.

use std::fmt;
use std::str::FromStr;

use crate::{HashType, UnknownHashType};

/// A set of hash types, in ascending order.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct HashTypes(u32);

impl HashTypes {
    /// Returns the set without any type.
    pub const fn empty() -> Self {
        HashTypes(0)
    }

    /// Returns the set of every type.
    pub fn all() -> Self {
        HashType::ALL.into_iter().collect()
    }

    /// Returns the set of one type.
    pub const fn single(hash_type: HashType) -> Self {
        HashTypes(1 << hash_type as u8)
    }

    /// Adds a type; one that is there already changes nothing.
    pub fn insert(&mut self, hash_type: HashType) {
        *self = self.union(Self::single(hash_type));
    }

    /// Returns whether the type is in the set.
    pub const fn contains(self, hash_type: HashType) -> bool {
        self.0 & Self::single(hash_type).0 != 0
    }

    /// Returns the types that are in either set.
    pub const fn union(self, other: Self) -> Self {
        HashTypes(self.0 | other.0)
    }

    /// Returns the types that are in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        HashTypes(self.0 & other.0)
    }

    /// Returns the types of this set that are not in the other.
    pub const fn difference(self, other: Self) -> Self {
        HashTypes(self.0 & !other.0)
    }

    /// Returns whether there is no type in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the number of types.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Returns the types one after the other, ascending.
    pub fn iter(self) -> impl Iterator<Item = HashType> + Clone {
        HashType::ALL
            .into_iter()
            .filter(move |hash_type| self.contains(*hash_type))
    }
}

impl FromIterator<HashType> for HashTypes {
    fn from_iter<I: IntoIterator<Item = HashType>>(types: I) -> Self {
        types
            .into_iter()
            .fold(Self::empty(), |set, one| set.union(Self::single(one)))
    }
}

impl fmt::Display for HashTypes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, hash_type) in self.iter().enumerate() {
            if position > 0 {
                out.write_str(",")?;
            }
            out.write_str(hash_type.name())?;
        }
        Ok(())
    }
}

/// Reads names separated by commas, spaces around them allowed; the empty text is the empty set.
impl FromStr for HashTypes {
    type Err = UnknownHashType;

    fn from_str(list: &str) -> Result<Self, UnknownHashType> {
        if list.trim().is_empty() {
            return Ok(Self::empty());
        }
        list.split(',').map(|name| name.trim().parse()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(list: &str) -> HashTypes {
        list.parse().unwrap()
    }

    #[test]
    fn text_and_set_lead_to_each_other() {
        assert_eq!(set("xxh64, sha256,sha256").to_string(), "sha256,xxh64");
        assert_eq!(set("").to_string(), "");
        let all = HashTypes::all();
        assert_eq!(set(&all.to_string()), all);
        assert_eq!(all.len(), 17);
        assert!(all.iter().eq(HashType::ALL));
    }

    #[test]
    fn a_wrong_or_missing_name_in_the_list_is_an_error() {
        assert_eq!("sha256,crc".parse::<HashTypes>().unwrap_err().name, "crc");
        assert_eq!("sha256,".parse::<HashTypes>().unwrap_err().name, "");
    }

    #[test]
    fn set_operations() {
        let left = set("md5,sha1,sha256");
        let right = set("sha256,xxh64");
        assert_eq!(left.union(right), set("md5,sha1,sha256,xxh64"));
        assert_eq!(left.intersection(right), set("sha256"));
        assert_eq!(left.difference(right), set("md5,sha1"));
        assert!(left.contains(HashType::Md5) && !right.contains(HashType::Md5));
        assert!(HashTypes::empty().is_empty() && !left.is_empty());
        let mut grown = HashTypes::default();
        grown.insert(HashType::Blake3);
        grown.insert(HashType::Blake3);
        assert_eq!(grown, HashTypes::single(HashType::Blake3));
        assert_eq!(grown.len(), 1);
    }
}
