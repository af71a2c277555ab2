"""The yearly report of a trusted flagger (DSA art. 22(3)): drafted, agreed by a second person, frozen, published."""
