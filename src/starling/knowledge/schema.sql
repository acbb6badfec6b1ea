-- One read-only SQLite file; every table is filled in key order by compile.py and read by rows.py.
-- Tables with long texts keep a rowid: a b-tree of long keys would leave most of its pages empty.
-- Lists are stored as text (comma, blank or JSON) so that one value costs one row and one look-up one SELECT.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- what the rows must give when they are read (seal.py); key: '' for a table that is read whole
CREATE TABLE digest (
    "table" TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY ("table", key)
) WITHOUT ROWID;

-- What was observed: genes, positions, alleles -----------------------------------------------------------------

-- sites, extra_sites: JSON [[position, ref, [alts], rsid, last, position_grch37, ref_grch37], ...] by position; last is the
--   3'-most GRCh38 position at which the same change can be written; null is unknown
-- alleles: JSON [[name, [site indices], [bases], function, activity, reported_as, is_reference, is_structural], ...]
-- masks: JSON of the fields of AlleleMasks in their order, made of the alleles and exceptions (starling/masks.py)
CREATE TABLE gene (
    gene TEXT PRIMARY KEY, chromosome TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    reference TEXT NOT NULL, data_version TEXT NOT NULL, sites TEXT NOT NULL, extra_sites TEXT NOT NULL,
    alleles TEXT NOT NULL, masks TEXT NOT NULL
);

-- trait: a column of genes.tsv (its chromosome among them); every gene that a result can be given for states how it is
--   inherited
CREATE TABLE trait (
    gene TEXT NOT NULL, trait TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (gene, trait)
) WITHOUT ROWID;
CREATE TABLE exception (
    gene TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (gene, kind, value)
) WITHOUT ROWID;
CREATE TABLE alias (
    gene TEXT NOT NULL, alias TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (gene, alias)
) WITHOUT ROWID;
CREATE TABLE priority (
    gene TEXT NOT NULL, pick TEXT NOT NULL, among TEXT NOT NULL, PRIMARY KEY (gene, pick, among)
) WITHOUT ROWID;

-- What it means: phenotypes, guidelines, advice -----------------------------------------------------------------

-- second: '' for a haploid gene and for activity scores
CREATE TABLE phenotype_rule (
    gene TEXT NOT NULL, method TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL, phenotype TEXT NOT NULL,
    PRIMARY KEY (gene, method, first, second)
) WITHOUT ROWID;
-- score: `>=1.25` or `>2.25`; a range reaches to the next
CREATE TABLE score_range (
    gene TEXT NOT NULL, score TEXT NOT NULL, phenotype TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (gene, score)
) WITHOUT ROWID;
-- a result that every reference person has and that no drug can be advised by; alleles: those that it takes, between tabs
CREATE TABLE uninformative (
    gene TEXT PRIMARY KEY, phenotype TEXT NOT NULL, says TEXT NOT NULL, unless TEXT NOT NULL, alleles TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE dpwg_term (
    gene TEXT NOT NULL, our_term TEXT NOT NULL, dpwg_term TEXT NOT NULL, PRIMARY KEY (gene, our_term)
) WITHOUT ROWID;
-- key: whom the population is, as the key of a condition (condition_keys.py); empty where only a reader can say
CREATE TABLE population (code TEXT PRIMARY KEY, shown_as TEXT NOT NULL, "key" TEXT NOT NULL) WITHOUT ROWID;

-- A guideline is one row because it is read whole, or not at all when another drug is asked about.
-- drugs: JSON list; recommendations: JSON list of tables [drug, population, genes, then for each gene what the rows ask
--   of it, and of each row the strength, the advice and the implications]
-- advice: JSON list of the bodies that its recommendations name; implications: JSON list of [id, gene, effect, summary,
--   magnitude]
CREATE TABLE guideline (
    guideline TEXT PRIMARY KEY, source TEXT NOT NULL, clinpgx_id TEXT NOT NULL, genes TEXT NOT NULL,
    pmids TEXT NOT NULL, text_as_of TEXT NOT NULL, checked_on TEXT NOT NULL, drugs TEXT NOT NULL,
    recommendations TEXT NOT NULL, advice TEXT NOT NULL, implications TEXT NOT NULL
);

-- What things are called: drugs, other medicines, chromosomes ---------------------------------------------------

-- guidelines: identifiers between blanks; unadvised: why no guideline advises anything, of a drug that has none
-- others: between `|`, drugs that its advice proposes instead, and those of its class that the same genes may rule out;
--   mentioned: proposed drugs that have no advice themselves; other_genes: between blanks, the genes that guidelines of these speak of
CREATE TABLE drug (
    drug TEXT PRIMARY KEY, rxnorm TEXT NOT NULL, atc TEXT NOT NULL, guidelines TEXT NOT NULL,
    unadvised TEXT NOT NULL, others TEXT NOT NULL, mentioned TEXT NOT NULL, other_genes TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE drug_exception (
    drug TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (drug, kind, value)
) WITHOUT ROWID;
-- medicine: a drug of this knowledge base or an ingredient of the inhibitor table
CREATE TABLE medicine_name (
    medicine TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (medicine, name)
) WITHOUT ROWID;
CREATE TABLE inhibitor (
    enzyme TEXT NOT NULL, ingredient TEXT NOT NULL, strength TEXT NOT NULL, factor TEXT NOT NULL, route TEXT NOT NULL,
    source TEXT NOT NULL, source_date TEXT NOT NULL, dose_condition TEXT NOT NULL,
    PRIMARY KEY (enzyme, ingredient, source, strength)
) WITHOUT ROWID;
-- what labels and guidelines say whatever the genotype; key: when (condition_keys.py)
CREATE TABLE stated_limit (
    drug TEXT NOT NULL, "key" TEXT NOT NULL, source TEXT NOT NULL, action TEXT NOT NULL, says TEXT NOT NULL,
    PRIMARY KEY (drug, "key", source)
) WITHOUT ROWID;
-- the genes that decide conditions of a drug's advice; by_diplotype: 'yes' or ''
CREATE TABLE condition_gene (
    drug TEXT NOT NULL, gene TEXT NOT NULL, by_diplotype TEXT NOT NULL, PRIMARY KEY (drug, gene, by_diplotype)
) WITHOUT ROWID;
CREATE TABLE indication (indication TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (indication, name)) WITHOUT ROWID;
CREATE TABLE contig (name TEXT PRIMARY KEY, chromosome TEXT NOT NULL, build TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contig_length (
    build TEXT NOT NULL, chromosome TEXT NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (build, chromosome)
) WITHOUT ROWID;
CREATE TABLE known_gap (
    guideline TEXT NOT NULL, drug TEXT NOT NULL, population TEXT NOT NULL, "when" TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (guideline, drug, population, "when")
) WITHOUT ROWID;
-- since, population: '' where the authority states none
CREATE TABLE required_test (
    drug TEXT NOT NULL, gene TEXT NOT NULL, authority TEXT NOT NULL, since TEXT NOT NULL, wording TEXT NOT NULL,
    population TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (drug, gene, authority, population)
) WITHOUT ROWID;

-- "when": terms or presences of the gene, ` | ` between them, of which the harm is known
CREATE TABLE harm (
    drug TEXT NOT NULL, gene TEXT NOT NULL, "when" TEXT NOT NULL, harm TEXT NOT NULL, what TEXT NOT NULL,
    source TEXT NOT NULL, PRIMARY KEY (drug, gene, "when")
) WITHOUT ROWID;

-- What other systems call it: codes of what is written for them; confirmed: 'yes' or 'no'. One that is not is never written ------

CREATE TABLE term (
    kind TEXT NOT NULL, name TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, display TEXT NOT NULL,
    source TEXT NOT NULL, confirmed TEXT NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;

-- Where it comes from: read by `starling knowledge upstream` alone -----------------------------------------------

-- source_population, source_when: as the source writes them, where it writes them otherwise
CREATE TABLE upstream (
    guideline TEXT NOT NULL, drug TEXT NOT NULL, population TEXT NOT NULL, "when" TEXT NOT NULL, record TEXT NOT NULL,
    digest TEXT NOT NULL, source_population TEXT NOT NULL, source_when TEXT NOT NULL,
    PRIMARY KEY (record, drug, "when", source_when)
);
CREATE TABLE upstream_difference (
    guideline TEXT NOT NULL, drug TEXT NOT NULL, population TEXT NOT NULL, "when" TEXT NOT NULL, kind TEXT NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (guideline, drug, population, "when")
) WITHOUT ROWID;
