//! Both ways of working off two messages against the block function for one.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn blocks()(count in 0..20usize)(
        left in prop::collection::vec(any::<[[u8; 32]; 2]>(), count),
        right in prop::collection::vec(any::<[[u8; 32]; 2]>(), count),
    ) -> (Vec<[u8; BLOCK]>, Vec<[u8; BLOCK]>) {
        let flat = |halves: &[[u8; 32]; 2]| halves.as_flattened().try_into().unwrap();
        (left.iter().map(flat).collect(), right.iter().map(flat).collect())
    }
}

proptest! {
    #[test]
    fn a_pair_is_two_single_messages((left, right) in blocks(), start in any::<[[u32; 8]; 2]>()) {
        let mut expected = start;
        compress256(&mut expected[0], &left);
        compress256(&mut expected[1], &right);
        for platform in [Platform::Portable, Platform::detect()] {
            let [mut one, mut other] = start;
            platform.compress_pair(&mut one, &left, &mut other, &right);
            prop_assert_eq!([one, other], expected, "{:?}", platform);
        }
    }
}
