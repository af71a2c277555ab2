from django.urls import path

from helpline.web import views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("help/", views.help_page, name="help"),
    path("exit/", views.leave, name="exit"),
    path("privacy/", views.privacy, name="privacy"),
    path("source/", views.source, name="source"),
    path("robots.txt", views.robots, name="robots"),
    path(".well-known/security.txt", views.security_txt, name="security"),
]
