"""The one door: whatever a person brings becomes an open source here; a patient and a cohort both come in through it.

    door        a path -> `OpenSource`: its people, build, sites, chromosome names, notes and records      START HERE
    build       which genome build it speaks of                samples  whose columns are read
    sites       the sites in one file's coordinates            fill     where silence may mean reference
    markers     rows of arrays and single tests as records     stamps   what the provenance says of it
    normalise   trimming, indels within a repeat

What a record means is decided above, in `starling.genotyping`.
"""
