"""Words that stand beside the name of a substance on a prescription or a box; accents are left out.

Forms are those that are swallowed or injected.  Creams, drops and the like are not here: what reaches an enzyme from
them is not what the tables speak of, so such a name stays unknown, and that is said.

Source: EDQM Standard Terms and their translations (forms); WHO INN modified (salts); the names of generic medicines
in the product information of Germany, France, the Netherlands, Spain, Italy and Great Britain (makers).
"""

from __future__ import annotations

from typing import Final

FORMS: Final = frozenset({
    # English
    "tablet", "tablets", "tab", "tabs", "capsule", "capsules", "cap", "caps", "solution", "oral", "injection",
    "injectable", "infusion", "suspension", "syrup", "sachet", "sachets", "retard", "sr", "xr", "er", "mr", "cr", "la",
    "xl", "ec", "gr", "iv", "im", "sc", "po", "od", "bd", "bid", "tds", "tid", "qds", "qid", "film", "coated",
    "film-coated", "gastro-resistant", "modified", "release", "prolonged", "extended", "delayed", "modified-release",
    "prolonged-release", "extended-release", "delayed-release", "enteric", "enteric-coated", "hard", "soft",
    "dispersible", "orodispersible", "odt", "chewable", "effervescent", "once", "twice", "daily", "with", "as",
    # German
    "tablette", "tabletten", "tbl", "filmtablette", "filmtabletten", "retardtablette", "retardtabletten",
    "schmelztablette", "schmelztabletten", "brausetablette", "brausetabletten", "kapsel", "kapseln", "hartkapsel",
    "hartkapseln", "weichkapsel", "weichkapseln", "retardkapsel", "retardkapseln", "magensaftresistent",
    "magensaftresistente", "retardiert", "losung", "saft", "zum", "einnehmen", "taglich", "tgl", "morgens", "abends",
    "mit", "tah",
    # French
    "comprime", "comprimes", "pellicule", "pellicules", "secable", "secables", "gelule", "gelules", "gastro-resistante",
    "gastro-resistants", "gastro-resistantes", "orodispersibles", "lp", "liberation", "prolongee", "buvable", "sirop",
    "a", "de",
    # Dutch
    "filmomhulde", "maagsapresistente", "harde", "zachte", "met", "verlengde", "gereguleerde", "afgifte", "drank",
    # Spanish
    "comprimido", "comprimidos", "recubierto", "recubiertos", "pelicula", "capsula", "capsulas", "dura", "duras",
    "blanda", "blandas", "gastrorresistente", "gastrorresistentes", "bucodispersables", "liberacion", "prolongada",
    "con", "solucion", "jarabe", "efg",
    # Italian
    "compressa", "compresse", "rivestita", "rivestite", "rigida", "rigide", "molli", "gastroresistente",
    "gastroresistenti", "orodispersibili", "rilascio", "prolungato", "soluzione", "orale", "sciroppo",
})  # fmt: skip
#: The tables speak of the substance.
SALTS: Final = frozenset({
    "hydrochloride", "dihydrochloride", "hcl", "hydrobromide", "phosphate", "sulfate", "sulphate", "hydrogen",
    "hydrogensulfate", "bisulfate", "sodium", "potassium", "calcium", "magnesium", "maleate", "mesilate", "mesylate",
    "besilate", "besylate", "tosilate", "tosylate", "tartrate", "bitartrate", "succinate", "fumarate", "hemifumarate",
    "citrate", "oxalate", "acetate", "decanoate", "monohydrate", "dihydrate", "trihydrate", "sesquihydrate",
    "hydrochlorid", "dihydrochlorid", "hydrobromid", "phosphat", "sulfat", "hydrogensulfat", "natrium", "kalium",
    "maleat", "mesilat", "besilat", "tosilat", "tartrat", "succinat", "fumarat", "hemifumarat", "citrat", "oxalat",
    "acetat", "decanoat", "monohydrat", "dihydrat", "trihydrat", "sesquihydrat",
    "hydrochloridum", "hydrochloricum", "phosphoricum", "natricum",
    "hydrochlorure", "chlorhydrate", "bromhydrate", "hydrogenosulfate", "sodique", "potassique", "calcique",
    "magnesique", "trihydratee",
    "fosfaat", "sulfaat", "waterstofsulfaat", "maleaat", "mesilaat", "besilaat", "tartraat", "succinaat", "fumaraat",
    "citraat", "oxalaat", "acetaat", "decanoaat",
    "clorhidrato", "hidrocloruro", "bromhidrato", "hidrobromuro", "fosfato", "sulfato", "hidrogenosulfato", "sodico",
    "sodica", "potasico", "potasica", "calcico", "calcica", "magnesico", "magnesica", "maleato", "mesilato", "besilato",
    "tartrato", "succinato", "fumarato", "hemifumarato", "citrato", "oxalato", "acetato", "decanoato", "trihidrato",
    "cloridrato", "bromidrato", "solfato", "idrogenosolfato", "potassico", "potassica", "magnesiaco", "emifumarato",
    "ossalato", "triidrato", "sesquidrato",
})  # fmt: skip
#: Salts that German and Dutch write in one word with the substance: Codeinphosphat, fenytoïnenatrium.
JOINED: Final = tuple(sorted(
    {name for name in SALTS if name.endswith(("at", "aat", "chlorid", "bromid", "ium")) and len(name) > 5},
    key=len, reverse=True,
))  # fmt: skip
MAKERS: Final = frozenset({
    "1a", "abz", "accord", "actavis", "al", "aliud", "almus", "alter", "apotex", "aristo", "arrow", "aurobindo",
    "aurovitas", "biogaran", "bluefish", "centrafarm", "cinfa", "cristers", "ct", "doc", "dura", "eg", "generici",
    "generics", "glenmark", "heumann", "hexal", "kern", "krka", "lek", "lupin", "mylan", "neuraxpharm", "normon",
    "pensa", "pharma", "puren", "ratio", "ratiopharm", "sandoz", "stada", "tad", "teva", "viatris", "winthrop",
    "zentiva", "zydus",
})  # fmt: skip
