"""The words by which platforms say things, French and English: regular expressions, tried in this order."""

from collections.abc import Mapping, Sequence

from cases.takedowns.states import Outcome

SAYING: Mapping[Outcome, Sequence[str]] = {
    Outcome.REFUSED: (
        r"(does|do|did)(?:n['’]t| not) (?:\w+ ){0,2}(?:break|violate|infringe|breach|go against)",
        r"no violation",
        r"(?:has|have|was|were|will) not (?:be |been )?(?:removed|taken down|deleted)",
        r"(?:stays|remains?) (?:online|up|available)",
        r"(?:unable|not able|decided not|declined?) to (?:remove|take down|act)",
        r"not (?:be )?(?:removing|taking (?:any )?action)",
        r"n['’](?:enfrei|a pas enfrei)\w+",
        r"ne (?:viole|contrevient|enfreint)\w*(?: pas)?",
        r"n['’]a pas été (?:retiré|supprimé)",
        r"(?:reste|demeure) (?:en ligne|accessible|disponible)",
        r"(?:ne pouvons|n['’]avons) pas (?:pu )?(?:retirer|supprimer|donner suite)",
        r"pas contraire à nos",
    ),
    Outcome.PARTLY_REMOVED: (
        r"(?:removed|deleted|taken down) (?:a part|some|part|several|one)\b",
        r"partial(?:ly)? (?:removed|removal)",
        r"(?:retiré|supprimé) (?:une partie|certains|partiellement)",
        r"partiellement (?:retiré|supprimé)",
    ),
    Outcome.ALREADY_GONE: (
        r"(?:no longer|not) (?:there|available|online|accessible) (?:when|any ?more)",
        r"was no longer (?:there|available|online)",
        r"(?:had )?already been (?:removed|deleted|taken down)",
        r"has already been",
        r"is no longer (?:available|online) on",
        r"déjà été (?:retiré|supprimé)",
        r"n['’](?:est|était) (?:déjà )?plus (?:en ligne|disponible|accessible)",
    ),
    Outcome.ACCOUNT_REMOVED: (
        r"(?:account|profile|user)\b.{0,60}\b(?:closed|removed|deleted|suspended|terminated|banned|disabled)",
        r"(?:closed|removed|deleted|suspended|terminated|banned|disabled) "
        r"(?:the|this|that|his|her|their) (?:account|profile|user)",
        r"compte\b.{0,60}\b(?:fermé|supprimé|suspendu|désactivé|banni)",
        r"(?:fermé|supprimé|suspendu|désactivé) (?:le|ce|son) compte",
    ),
    Outcome.DISABLED: (
        r"(?:blocked|disabled|restricted|withheld|unavailable|no longer be seen|not visible)"
        r"\b.{0,40}\b(?:country|countries|region|france|eu\b|europe)",
        r"(?:disabled|restricted) access",
        r"access (?:to it |to this |to the content )?(?:has been|was|is) (?:disabled|blocked|restricted)",
        r"(?:bloqué|restreint|désactivé|inaccessible)\w*\b.{0,40}\b(?:pays|région|france|union|europe)",
        r"accès\b.{0,30}\b(?:désactivé|bloqué|restreint)",
    ),
    Outcome.NOT_FOUND: (
        r"(?:could not|couldn['’]t|can(?:no|['’])t|unable to|did not|didn['’]t) (?:find|locate)",
        r"nothing (?:was )?found",
        r"link (?:is|seems) (?:broken|invalid)",
        r"page not found",
        r"(?:pas|rien) (?:pu )?(?:trouv|localis)\w+",
        r"introuvable",
        r"lien (?:est |semble )?(?:invalide|mort)",
    ),
    Outcome.MORE_INFORMATION: (
        r"(?:please|kindly|could you|can you|would you) (?:\w+ )?"
        r"(?:provide|send|tell us|give us|specify|confirm the|share|reply with)",
        r"(?:need|require|missing)\w* (?:\w+ ){0,2}(?:more|further|additional) (?:information|details?)",
        r"(?:more|further|additional) information (?:is|are) (?:needed|required)",
        r"could not (?:decide|assess|process)",
        r"not enough (?:information|details)",
        r"(?:merci|veuillez|pourriez-vous|pouvez-vous) (?:bien )?(?:de )?(?:nous )?"
        r"(?:fournir|préciser|indiquer|transmettre|communiquer|envoyer)",
        r"(?:informations?|précisions|éléments?) (?:complémentaires|supplémentaires)",
    ),
    Outcome.REMOVED: (
        r"(?:has|have|had|was|were|is|are|been) (?:now |since )?(?:been )?(?:removed|taken down|deleted|withdrawn)",
        r"we(?:['’]ve| have)? (?:now )?(?:removed|taken down|took down|deleted)",
        r"(?:a|ont|avons|été|est|sont) (?:bien )?(?:été )?(?:retiré|supprimé)\w*",
    ),
    Outcome.UNDER_REVIEW: (
        r"(?:under|in|pending) (?:review|investigation)",
        r"(?:is|are|being|currently) (?:being )?(?:reviewed|investigated|looked at|reviewing|investigating)",
        r"(?:looking|will look|look) into",
        r"will (?:review|investigate)",
        r"our team (?:is|will)",
        r"(?:en cours|fera l['’]objet) d['’](?:examen|analyse|étude|une? )",
        r"examin(?:ons|erons|é)",
        r"nos équipes",
    ),
    Outcome.ACKNOWLEDGED: (
        r"(?:received|got) (?:your|the) (?:report|notice|message|request|e?-?mail|notification|complaint)",
        r"thank(?:s| you) for (?:your|contacting|reaching|reporting|the)",
        r"(?:ticket|case|request) (?:\S+ )?(?:has been |was )?(?:created|opened|registered)",
        r"acknowledg\w+",
        r"automatic(?:ally generated)? (?:reply|response|message)",
        r"out of (?:the )?office",
        r"bien reçu",
        r"accus\w+ (?:de )?réception",
        r"merci (?:de|pour) (?:votre|nous avoir)",
        r"réponse automatique",
        r"absent du bureau",
    ),
}
# The same as a heading, or a column of a list: nothing else stands in the sentence but its address.
LABELS: Mapping[Outcome, Sequence[str]] = {
    Outcome.REFUSED: (
        r"not (?:removed|deleted|taken down)",
        r"refused|rejected|declined|denied|kept(?: up| online)?|no action(?: taken)?",
        r"(?:non|pas) (?:retiré|supprimé)e?s?",
        r"refusée?s?|rejetée?s?|maintenue?s?|aucune mesure",
    ),
    Outcome.PARTLY_REMOVED: (r"partly removed", r"en partie (?:retiré|supprimé)e?s?"),
    Outcome.ALREADY_GONE: (
        r"already (?:gone|removed|deleted)",
        r"no longer (?:online|available)",
        r"déjà (?:retiré|supprimé)e?s?",
        r"plus en ligne",
    ),
    Outcome.DISABLED: (r"(?:geo-?)?blocked|disabled|restricted", r"(?:bloqué|restreint|désactivé)e?s?"),
    Outcome.NOT_FOUND: (r"not found", r"non trouvée?s?"),
    Outcome.REMOVED: (r"removed|deleted|taken down|withdrawn", r"(?:retiré|supprimé)e?s?"),
    Outcome.UNDER_REVIEW: (r"pending", r"en cours"),
    Outcome.ACKNOWLEDGED: (r"received", r"reçue?s?"),
}
BOUNCED: Sequence[str] = (
    r"(?:could not|couldn['’]t|cannot|was not|unable to) (?:be )?deliver",
    r"undeliver",
    r"delivery (?:has |to .{0,60}|status notification.{0,10})?fail",
    r"no such (?:user|mailbox|recipient|address)",
    r"(?:user|mailbox|recipient|address) (?:unknown|not found|unavailable|does not exist|rejected)",
    r"n['’]a pas pu être (?:remis|distribu|délivr)",
    r"(?:boîte|adresse|destinataire)\b.{0,30}\b(?:inconnue?|inexistante?)",
    r"\b5\.\d\.\d\b",
)
DELAYED: Sequence[str] = (
    r"delivery (?:is )?delayed",
    r"delayed \(",
    r"will (?:keep|continue) trying",
    r"still trying",
    r"retard[ée]",
    r"continuer\w* d['’]essayer",
    r"\b4\.\d\.\d\b",
)
