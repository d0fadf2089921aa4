"""Whom each route lets in: one row per route. A route without a row fails `test_route_matrix.py`."""

ANYBODY = """
GET /
GET /accessibilite
GET /api/v1/groups
GET /api/v1/openapi.json
GET /ateliers
GET /ateliers/{id}
GET /attente
GET /c/{letters}
GET /calendar/m/{secret}.ics
GET /calendar/r/{slug}.ics
GET /calendar/site.ics
GET /compte/demo/{secret}
GET /compte/entrer
GET /compte/entrer/carte
GET /compte/lien/{secret}
GET /design
GET /health/live
GET /health/ready
GET /hors-ligne
GET /live
GET /manifest.webmanifest
GET /metrics
GET /r/{slug}
GET /r/{slug}/live
GET /r/{slug}/qr.svg
GET /reservation
GET /reserver
GET /reserver/sorte/{slug}
GET /reserver/{slug}
GET /static/{name}.css
GET /sw.js
POST /compte/entrer
POST /compte/entrer/cle/question
POST /compte/lien/{secret}
POST /kiosk/{slug}/quitter
"""

ANYBODY_WITHOUT_A_WRONG_TOKEN = """
GET /api/v1/closures
GET /api/v1/free-spans
GET /api/v1/jobs
GET /api/v1/opening
GET /api/v1/opening/spans
GET /api/v1/presence
GET /api/v1/reservations
GET /api/v1/resources
GET /api/v1/resources/{slug}
GET /api/v1/resources/{slug}/trainings
GET /api/v1/sessions
GET /api/v1/trainings
GET /api/v1/workshops
GET /api/v1/workshops/{id}
"""

WITH_AN_ACCOUNT = """
GET /compte
GET /compte/appareils
GET /compte/cles
GET /compte/code
GET /compte/mot-de-passe
GET /moi
GET /moi/messages
GET /moi/reservations
GET /moi/reservations/{id}
GET /moi/reservations/{id}/agenda.ics
GET /moi/reservations/{id}/annuler
GET /moi/reservations/{id}/donner
GET /moi/reservations/{id}/fin
POST /ateliers/{id}/accepter
POST /ateliers/{id}/annuler
POST /ateliers/{id}/inscription
POST /attente
POST /compte/appareils/autres
POST /compte/appareils/terminer
POST /compte/charte
POST /compte/cles
POST /compte/cles/question
POST /compte/cles/retirer
POST /compte/code
POST /compte/mot-de-passe
POST /moi/machines/{slug}/rendre
POST /moi/messages
POST /moi/offres/{id}/accepter
POST /moi/offres/{id}/refuser
POST /moi/reservations/{id}/annuler
POST /moi/reservations/{id}/donner
POST /moi/reservations/{id}/fin
POST /reservation
"""

WITH_AN_ACCOUNT_OR_HALF_SIGNED_IN = """
GET /compte/second-facteur
POST /compte/sortir
"""

KIOSK = """
GET /kiosk/{slug}
GET /kiosk/{slug}/heures
GET /kiosk/{slug}/live
GET /kiosk/{slug}/probleme
POST /kiosk/{slug}/code
POST /kiosk/{slug}/faire
POST /kiosk/{slug}/probleme
"""

COUNTS = """
GET /api/v1/members
GET /api/v1/members/{id}
GET /api/v1/members/{id}/notifications
GET /api/v1/notices
GET /api/v1/notices/untold
GET /api/v1/policies
GET /api/v1/qualifications
GET /api/v1/qualifications/history
GET /api/v1/qualifications/standing
GET /api/v1/reservations/waiting
GET /api/v1/resources/{slug}/policies
GET /api/v1/trainings/{slug}/trainers
GET /api/v1/workshops/{id}/places
"""

RUNS_THE_PLACE = """
DELETE /api/v1/closures/{id}
DELETE /api/v1/members/{id}/calendar
DELETE /api/v1/opening
DELETE /api/v1/resources/{slug}/class
DELETE /api/v1/resources/{slug}/maintainers/{id}
DELETE /api/v1/trainings/{slug}/trainers/{member_id}
DELETE /api/v1/webhooks/{id}
GET /api/v1/access
GET /api/v1/devices
GET /api/v1/events
GET /api/v1/members/{id}/calendar
GET /api/v1/reservations/waiting/{id}/choices
GET /api/v1/reservations/{id}/calendar
GET /api/v1/webhooks
GET /api/v1/webhooks/{id}/deliveries
GET /bienvenue
GET /bienvenue/machines/{slug}
GET /bienvenue/machines/{slug}/{what}
GET /bienvenue/{step}
GET /equipe
GET /equipe/appareils
GET /equipe/appareils/{slug}/compris
GET /equipe/ateliers
GET /equipe/ateliers/{id}
GET /equipe/ateliers/{id}/saisie
GET /equipe/badges
GET /equipe/cartes
GET /equipe/demandes/{id}/photo
GET /equipe/demandes/{id}/vu
GET /equipe/ecran
GET /equipe/formations
GET /equipe/formations/nouvelle
GET /equipe/formations/{slug}
GET /equipe/journal
GET /equipe/live
GET /equipe/machines/{slug}
GET /equipe/machines/{slug}/direct
GET /equipe/machines/{slug}/entretien
GET /equipe/machines/{slug}/etiquette
GET /equipe/machines/{slug}/mesures
GET /equipe/machines/{slug}/{deed}
GET /equipe/membres
GET /equipe/membres/export.csv
GET /equipe/membres/importer
GET /equipe/membres/modele.csv
GET /equipe/membres/nouveau
GET /equipe/membres/{id}
GET /equipe/membres/{id}/badge
GET /equipe/membres/{id}/fusionner
GET /equipe/messages
GET /equipe/planning
GET /equipe/planning/{id}
GET /equipe/regles
GET /equipe/regles/{kind}
GET /equipe/regles/{kind}/{slug}
PATCH /api/v1/groups/{slug}
PATCH /api/v1/members/{id}
PATCH /api/v1/policies
PATCH /api/v1/reservations/{id}
PATCH /api/v1/resources/{slug}/policies
PATCH /api/v1/trainings/{slug}
PATCH /api/v1/webhooks/{id}
PATCH /api/v1/workshops/{id}
POST /api/v1/closures
POST /api/v1/groups
POST /api/v1/members
POST /api/v1/members/{id}/badges
POST /api/v1/members/{id}/calendar
POST /api/v1/notices/{id}/told
POST /api/v1/qualifications
POST /api/v1/qualifications/declare
POST /api/v1/qualifications/{id}/refuse
POST /api/v1/qualifications/{id}/revoke
POST /api/v1/qualifications/{id}/validate
POST /api/v1/reservations
POST /api/v1/reservations/series/{id}/cancel
POST /api/v1/reservations/together
POST /api/v1/reservations/waiting
POST /api/v1/reservations/waiting/{id}/accept
POST /api/v1/reservations/waiting/{id}/leave
POST /api/v1/reservations/{id}/approve
POST /api/v1/reservations/{id}/cancel
POST /api/v1/reservations/{id}/decline
POST /api/v1/reservations/{id}/give
POST /api/v1/resources/{slug}/back
POST /api/v1/resources/{slug}/class
POST /api/v1/resources/{slug}/end-session
POST /api/v1/resources/{slug}/hand-over
POST /api/v1/resources/{slug}/out-of-service
POST /api/v1/resources/{slug}/part-shelved
POST /api/v1/sessions
POST /api/v1/trainings
POST /api/v1/webhooks
POST /api/v1/webhooks/{id}/replay
POST /api/v1/workshops
POST /api/v1/workshops/{id}/cancel
POST /api/v1/workshops/{id}/list
POST /api/v1/workshops/{id}/list/close
POST /api/v1/workshops/{id}/list/open
POST /api/v1/workshops/{id}/pass
POST /api/v1/workshops/{id}/places
POST /api/v1/workshops/{id}/places/{place}/accept
POST /api/v1/workshops/{id}/places/{place}/leave
POST /api/v1/workshops/{id}/places/{place}/member
POST /bienvenue/formations
POST /bienvenue/lieu
POST /bienvenue/machines
POST /bienvenue/machines/{slug}/{what}
POST /bienvenue/membres
POST /equipe/appareils/{slug}/compris
POST /equipe/badges
POST /equipe/cartes/{member}
POST /equipe/cartes/{member}/perdue
POST /equipe/cartes/{member}/role
POST /equipe/demandes/{id}/vu
POST /equipe/ecran
POST /equipe/ecran/fermer
POST /equipe/formations/nouvelle
POST /equipe/formations/{slug}
POST /equipe/formations/{slug}/formateurs
POST /equipe/formations/{slug}/formateurs/{member}/retirer
POST /equipe/machines/{slug}/entretien
POST /equipe/machines/{slug}/{deed}
POST /equipe/membres/importer
POST /equipe/membres/importer/appliquer
POST /equipe/membres/nouveau
POST /equipe/membres/{id}
POST /equipe/membres/{id}/badge
POST /equipe/membres/{id}/badges/{badge}/perdu
POST /equipe/membres/{id}/fusionner
POST /equipe/membres/{id}/habilitations
POST /equipe/membres/{id}/habilitations/{right}/retirer
POST /equipe/membres/{id}/retablir
POST /equipe/membres/{id}/suspendre
POST /equipe/ateliers/{id}/habiliter
POST /equipe/ateliers/{id}/saisie
POST /equipe/planning/{id}/accepter
POST /equipe/planning/{id}/annuler
POST /equipe/planning/{id}/deplacer
POST /equipe/planning/{id}/refuser
POST /equipe/regles/machines/{slug}/groupe
POST /equipe/regles/{kind}
POST /equipe/regles/{kind}/{slug}
PUT /api/v1/members/{id}/notifications
PUT /api/v1/opening
PUT /api/v1/resources/{slug}/group
PUT /api/v1/resources/{slug}/maintainers/{id}
PUT /api/v1/resources/{slug}/trainings
PUT /api/v1/trainings/{slug}/trainers/{member_id}
"""

ADMINISTERS = """
GET /equipe/jetons
POST /equipe/jetons
POST /equipe/jetons/{id}/retirer
"""

JUDGED_ELSEWHERE = """
GET /equipe/entrer
GET /kiosk/accueil/groupe
GET /kiosk/accueil/visite
GET /tv/{secret}
GET /tv/{secret}/direct
POST /compte/entrer/carte
POST /compte/entrer/cle
POST /compte/entrer/mot-de-passe
POST /compte/second-facteur
POST /compte/second-facteur/retirer
POST /equipe/entrer
POST /equipe/sortir
POST /kiosk/accueil/groupe
POST /kiosk/accueil/visite
"""
"""Doors: what lets in there is a proof, not a role. `test_accounts.py`, `test_proofs.py`,
`test_passkeys.py`, `test_staff.py` and `test_watch.py` try them."""
