"""Drives a node through pyODK, as a team's scripts drive ODK Central.

Usage: pyodk_script.py FOLDER, where config.toml is. It says each step that it passed, and
ends with an exception at the first that it did not.
"""

import sys
from pathlib import Path

from pyodk.client import Client
from pyodk.errors import PyODKError

folder = Path(sys.argv[1])


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: {got!r}, want {want!r}")
    print("ok", what, flush=True)


def refused(what, code, f):
    try:
        f()
    except PyODKError as err:
        same(what, err.is_central_error(code), True)
    else:
        raise AssertionError(f"{what}: it was not refused")


client = Client(config_path=folder / "config.toml", cache_path=folder / "cache.toml")
client.open()

# Projects
project = client.post("projects", json={"name": "Border survey"}).json()
client.project_id = project["id"]
client.close()
client = Client(config_path=folder / "config.toml", cache_path=folder / "cache.toml", project_id=project["id"])
client.open()  # with the token of the cache
same("projects", project["id"] in [p.id for p in client.projects.list()], True)
same("project", client.projects.get().name, "Border survey")

# Forms: a spreadsheet with a file beside it
form = client.forms.create(definition=folder / "village_visit.xlsx", attachments=[folder / "villages.csv"])
same("form", (form.xmlFormId, form.name, form.version, form.state), ("village_visit", "A visit", "1", "open"))
form = client.forms.get("village_visit")
same("published", form.publishedAt is not None, True)
same("forms", [f.xmlFormId for f in client.forms.list()], ["village_visit"])
same("form XML", 'id="village_visit"' in client.forms.get_xml("village_visit"), True)
same("form XML as bytes", client.forms.get_xml("village_visit", encoding=None)[:5], b"<?xml")
same("media", client.get("projects/{}/forms/village_visit/attachments/villages.csv".format(project["id"])).text.split()[0], "name,label")
client.forms.update("village_visit", attachments=[folder / "villages.csv"], version_updater=lambda v: str(int(v) + 1))
same("a new version", client.forms.get("village_visit").version, "2")
client.forms.update("village_visit", definition=(folder / "village_visit.xml").read_text().replace('version="1"', 'version="3"'))
same("a new definition", client.forms.get("village_visit").version, "3")
refused(
    "a version that was published",
    409.6,
    lambda: client.forms.update("village_visit", definition=(folder / "village_visit.xml").read_text().replace('version="1"', 'version="3"')),
)
refused("a form that is there", 409.3, lambda: client.forms.create(definition=folder / "village_visit.xlsx"))
refused("a form that is not there", 404.1, lambda: client.forms.get("nothing"))
refused("what is no form", 400.1, lambda: client.forms.create(definition='<h:html xmlns="http://www.w3.org/2002/xforms">'))

# Submissions
ID = "uuid:85cb9aff-005e-4edd-9739-dc9c1a829c44"
EDIT = "uuid:315c2f74-c8fc-4606-ae3f-22f8983e441e"


def visit(instance, name, more="", deprecated=""):
    old = f"<deprecatedID>{deprecated}</deprecatedID>" if deprecated else ""
    return f'<data id="village_visit" version="1"><village>a</village><name>{name}</name><people>4</people><house>25.1 66.9 10 4.5</house>{more}<meta>{old}<instanceID>{instance}</instanceID></meta></data>'


sent = client.submissions.create(
    xml=visit(ID, "Invented Name", "<child><age>3</age></child><child><age>5</age></child><photo>house.jpg</photo>"),
    form_id="village_visit",
    device_id="tablet-7",
    attachments=[folder / "house.jpg"],
)
same("submission", (sent.instanceId, sent.deviceId, sent.reviewState), (ID, "tablet-7", None))
same("its files", [(a.name, a.exists) for a in sent.attachments], [("house.jpg", True)])
refused("the same again", 409.3, lambda: client.submissions.create(xml=visit(ID, "Invented Name", "<child><age>3</age></child><child><age>5</age></child><photo>house.jpg</photo>"), form_id="village_visit"))
for n in range(5):
    client.submissions.create(xml=visit(f"uuid:00000000-0000-4000-8000-00000000000{n}", f"Other {n}"), form_id="village_visit")
same("submissions", len(client.submissions.list(form_id="village_visit")), 6)
same("one", client.submissions.get(ID, form_id="village_visit").userAgent.startswith("pyodk"), True)

table = client.submissions.get_table(form_id="village_visit", count=True)
same("table", (len(table["value"]), table["@odata.count"], table["value"][-1]["__id"], table["value"][-1]["people"]), (6, 6, ID, 4))
same("point", table["value"][-1]["house"]["coordinates"], [66.9, 25.1, 10])
same("point as text", client.submissions.get_table(form_id="village_visit", wkt=True, top=1)["value"][0]["house"], "POINT (66.9 25.1 10)")
page = client.submissions.get_table(form_id="village_visit", top=4, skip=1)
same("page", (len(page["value"]), "@odata.nextLink" in page), (4, True))
same("next page", [r["__id"] for r in client.get(page["@odata.nextLink"]).json()["value"]], [ID])
same("repeat", [r["age"] for r in client.submissions.get_table(form_id="village_visit", table_name="Submissions.child")["value"]], [3, 5])
same("expanded", [c["age"] for c in client.submissions.get_table(form_id="village_visit", expand="*")["value"][-1]["child"]], [3, 5])
same("select", sorted(client.submissions.get_table(form_id="village_visit", select="__id,people", top=1)["value"][0]), ["__id", "people"])
same("filter", len(client.submissions.get_table(form_id="village_visit", filter="year(__system/submissionDate) ge 2020 and __system/reviewState eq null")["value"]), 6)
refused("a filter that cannot be read", 400.18, lambda: client.submissions.get_table(form_id="village_visit", filter="year("))

client.submissions.edit(ID, xml=visit(EDIT, "Invented Name", "<child><age>4</age></child>", ID), form_id="village_visit", comment="The child had its birthday")
same("edited", client.submissions.get(ID, form_id="village_visit").reviewState, "edited")
refused("an edit of an old version", 409.9, lambda: client.submissions.edit(ID, xml=visit("uuid:00000000-0000-4000-8000-0000000000ff", "x", "", ID), form_id="village_visit"))
client.submissions.review(ID, "approved", form_id="village_visit", comment="Seen")
same("reviewed", client.submissions.get(ID, form_id="village_visit").reviewState, "approved")
same("only those", len(client.submissions.get_table(form_id="village_visit", filter="__system/reviewState eq 'approved'")["value"]), 1)
client.submissions.add_comment(ID, "And once more", form_id="village_visit")
same("comments", [c.body for c in client.submissions.list_comments(ID, form_id="village_visit")], ["And once more", "Seen", "The child had its birthday"])
same("CSV", client.get("projects/{}/forms/village_visit/submissions.csv".format(project["id"])).text.splitlines()[0].startswith("SubmissionDate,village,name"), True)

# Names in any script
same("form", client.forms.create(definition=folder / "سفر ✅.xlsx", attachments=[folder / "villages.csv"]).xmlFormId, "سفر ✅")
odd = "uuid:سفر/✅ 1"
client.submissions.create(xml=visit(odd, "Invented Name").replace("village_visit", "سفر ✅"), form_id="سفر ✅")
same("its submission", client.submissions.get(odd, form_id="سفر ✅").instanceId, odd)
client.submissions.review(odd, "rejected", form_id="سفر ✅")
same("its table", [(r["__id"], r["__system"]["reviewState"]) for r in client.submissions.get_table(form_id="سفر ✅")["value"]], [(odd, "rejected")])
same("a link into it", client.get("projects/{}/forms/{}.svc/{}".format(project["id"], client.session.urlquote("سفر ✅"), "Submissions('" + client.session.urlquote(odd) + "')")).json()["value"][0]["__id"], odd)

# Entity lists
trees = client.entity_lists.create(entity_list_name="trees")
same("entity list", (trees.name, trees.approvalRequired), ("trees", False))
client.entity_lists.add_property(name="species", entity_list_name="trees")
client.entity_lists.add_property(name="height", entity_list_name="trees")
same("its properties", [p.name for p in client.entity_lists.get(entity_list_name="trees").properties], ["species", "height"])
same("entity lists", [e.name for e in client.entity_lists.list()], ["trees"])
client.entities.default_entity_list_name = "trees"
oak = client.entities.create(label="Oak", data={"species": "oak", "height": "12"})
same("entity", (oak.currentVersion.label, oak.currentVersion.version, oak.currentVersion.data), ("Oak", 1, {"species": "oak", "height": "12"}))
same("many", client.entities.create_many([{"label": "Elm", "species": "elm", "height": "9"}, {"label": "Ash", "species": "ash", "height": None}], create_source="trees.csv", source_size="2"), True)
same("entities", sorted(e.currentVersion.label for e in client.entities.list()), ["Ash", "Elm", "Oak"])
oak = client.entities.update(oak.uuid, data={"height": "13"}, base_version=1)
same("changed", (oak.currentVersion.version, oak.currentVersion.data["height"]), (2, "13"))
refused("a change of an old version", 409.15, lambda: client.entities.update(oak.uuid, data={"height": "14"}, base_version=1))
same("forced", client.entities.update(oak.uuid, label="Old oak", force=True).currentVersion.label, "Old oak")
refused("no such property", 400.28, lambda: client.entities.create(label="x", data={"nothing": "1"}))
same("as a table", sorted(r["label"] for r in client.entities.get_table(count=True)["value"]), ["Ash", "Elm", "Old oak"])
same("filtered", [r["label"] for r in client.entities.get_table(filter="__system/updatedAt ne null", select="label")["value"]], ["Old oak"])
client.entities.merge([{"label": "Old oak", "height": "15", "age": "200"}, {"label": "Yew", "height": "4", "age": "900"}], entity_list_name="trees", delete_not_matched=True)
same("merged", {r["label"]: (r["height"], r["age"]) for r in client.entities.get_table()["value"]}, {"Old oak": ("15", "200"), "Yew": ("4", "900")})
same("deleted", client.entities.delete(oak.uuid), True)
refused("deleted twice", 404.1, lambda: client.entities.delete(oak.uuid))

# App users
made = list(client.projects.create_app_users(display_names=["Tablet seven", "Tablet eight"], forms=["village_visit"]))
same("app users", [(u.displayName, len(u.token)) for u in made], [("Tablet seven", 64), ("Tablet eight", 64)])
same("not twice", list(client.projects.create_app_users(display_names=["Tablet seven"])), [])
same("what a phone lists", "village_visit" in client.get(f"key/{made[0].token}/projects/{project['id']}/formList", headers={"X-OpenRosa-Version": "1.0"}).text, True)

client.close()
print("done", flush=True)
