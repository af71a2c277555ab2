"""A question with its page, as somebody would write it for one language, by hand, in one template."""

NUMBERS = [
    ("tel:112", "112", "Emergency"),
    ("sms:114", "114", "By text"),
    ("tel:119", "119", "Child in danger"),
    ("tel:3018", "3018", "Trouble online"),
]
ROWS_OF_AGE = [
    ("under-13", "Under 13"),
    ("13-14", "13 or 14"),
    ("15-17", "15, 16 or 17"),
    ("18+", "18 or older"),
    ("unknown", "I prefer not to say"),
]
PAGE = """<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8"><title>Notes</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="/static/img/icon.svg">
<link rel="stylesheet" href="/static/css/tokens.css"><link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/public.css"><link rel="stylesheet" href="/static/css/report.css">
<script src="/static/js/exit.js" defer></script><script src="/static/js/pagehide.js" defer></script>
<script src="/static/js/send.js" defer></script>
</head>
<body class="public">
<a class="skip" href="#main">Go to the text</a>
<aside class="danger-line" aria-label="If you are in danger now"><p class="danger-line-ask">In danger now?</p>
<ul>{% for href, number, purpose in numbers %}
<li><a href="{{ href }}"><b>{{ number }}</b> <span>{{ purpose }}</span></a></li>{% endfor %}
</ul></aside>
<header class="bar"><a class="bar-name" href="/">Notes</a>
<nav class="languages" aria-label="Language"><a href="?lang=fr" lang="fr">FR</a><a href="?lang=en" lang="en">EN</a></nav>
<a class="quit" href="/exit/" data-away="https://www.wikipedia.org/" rel="nofollow noreferrer">Quit fast</a></header>
<main id="main" class="page question" tabindex="-1" spellcheck="false">
<p class="progress">3 of about 8</p>
<form method="post" autocomplete="off" novalidate action="/report/3/">
<input type="hidden" name="csrfmiddlewaretoken" value="{{ token }}">
<h1>How old are you?</h1>
<details class="why"><summary>Why we ask</summary><p>Some sites answer faster when somebody is under 18.</p></details>
<fieldset class="field rows"><legend class="unseen">How old are you?</legend>
{% for value, label in rows %}<label class="row" for="f-age-{{ forloop.counter0 }}">
<input type="radio" name="age_range" value="{{ value }}" id="f-age-{{ forloop.counter0 }}"><span>{{ label }}</span></label>
{% endfor %}</fieldset>
<div class="actions"><button class="button" type="submit">Continue</button>
<a class="button plain" href="/report/2/">Back</a>
<button class="button plain save" type="submit" name="save" value="1" formnovalidate>Save and come back later</button></div>
</form>
</main>
<footer class="foot"><nav aria-label="More"><a href="/help/">Advice</a><a href="/follow/">Come back with my code</a>
<a href="/privacy/">What we keep</a></nav>
<p>“Quit fast” leaves this page at once. It does not erase your browser history.</p></footer>
</body>
</html>
"""
