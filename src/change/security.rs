//! What differs between two security descriptors of Windows.

use waxseal_platform::xattr::decode::security_descriptor;

use super::Field;
use crate::policy::Attributes;

/// Returns the fields in which two descriptors differ, each with the attribute that counts it. One
/// that could not be read differs from every other in all of them.
pub(super) fn fields(before: &[u8], after: &[u8]) -> Vec<(Field, Attributes)> {
    let owner = (Field::Uid, Attributes::UID);
    let group = (Field::Gid, Attributes::GID);
    let lists = (Field::SecurityDescriptor, Attributes::ACL);
    let (Ok(old), Ok(new)) = (security_descriptor(before), security_descriptor(after)) else {
        return vec![owner, group, lists];
    };
    let are_lists_equal = (old.control, old.dacl, old.sacl) == (new.control, new.dacl, new.sacl);
    let table = [
        (old.owner != new.owner, owner),
        (old.group != new.group, group),
        (!are_lists_equal, lists),
    ];
    let differing = table.into_iter().filter(|(differs, _)| *differs);
    differing.map(|(_, field)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A descriptor of an owner, `S-1-5-` and this number, with a list of this many empty bytes.
    fn descriptor(owner: u8, list: u8) -> Vec<u8> {
        let mut bytes = vec![1, 0, 0x04, 0x80, 20, 0, 0, 0, 20, 0, 0, 0];
        bytes.extend([0, 0, 0, 0, 32, 0, 0, 0]);
        bytes.extend([1, 1, 0, 0, 0, 0, 0, 5, owner, 0, 0, 0]);
        bytes.extend([2, 0, 8 + list, 0, 0, 0, 0, 0]);
        bytes.resize(bytes.len() + usize::from(list), 0);
        bytes
    }

    fn names(before: &[u8], after: &[u8]) -> Vec<String> {
        let fields = fields(before, after);
        fields.iter().map(|(field, _)| field.to_string()).collect()
    }

    #[test]
    fn owner_group_and_lists_are_fields_of_their_own() {
        let one = descriptor(18, 0);
        assert_eq!(names(&one, &descriptor(19, 0)), ["uid", "gid"]);
        assert_eq!(names(&one, &descriptor(18, 8)), ["security_descriptor"]);
        assert!(names(&one, &one).is_empty());
    }

    #[test]
    fn where_the_lists_lie_is_no_difference() {
        let one = descriptor(18, 0);
        let mut padded = one.clone();
        padded.extend([0; 4]);
        padded.splice(32..32, [0; 4]);
        padded[16] = 36;
        assert!(names(&one, &padded).is_empty());
    }

    #[test]
    fn one_that_could_not_be_read_differs() {
        let all = ["uid", "gid", "security_descriptor"];
        assert_eq!(names(&descriptor(18, 0), &[]), all);
    }
}
