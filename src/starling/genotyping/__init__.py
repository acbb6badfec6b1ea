"""Records become genotypes here, at all sites, on GRCh38, in the words of the definitions.

    collect    open sources -> `Collected`: everybody's genotypes                                   START HERE
    observed   one person as far as read; more records give a new observation
    plan       one record -> what its alleles mean at each site, once for all samples
    effects    what one ALT does at a site                  call       one sample's column: GT, support, phase
    support    whether it is enough, or speaks against GT   observation  what one record states of one site
    read       records -> what each sample states           merge      all that speaks of one site -> `Genotype`
    person     what only shows over all sites: phase sets, one X or two, several files
    evidence   a digest of the genotypes

Sources are opened in `starling.source`.  Alleles are bases, never indices; a position that was not assayed is never
reference.
"""
