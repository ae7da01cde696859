"""report_browser.py PAGE FOLDER - the page of tests/scan/report.sh in headless Chromium: sorts, filters, plays, marks, saves.

Screenshots go to FOLDER/*.png, what is saved to FOLDER/downloads. Exit status 77: no browser, nothing to drive it, or no
localhost (/etc/hosts) over which to do so.
"""
import json, os, pathlib, shutil, socket, sys, time

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait
except ImportError:
    sys.exit(77)
browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
if not browser or not driver:
    sys.exit(77)
try:
    socket.getaddrinfo("localhost", None)
except OSError:
    sys.exit(77)

page, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
downloads = folder / "downloads"
shutil.rmtree(downloads, ignore_errors=True)
downloads.mkdir()
options = webdriver.ChromeOptions()
options.binary_location = browser
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1000",
                 f"--user-data-dir={folder}/profile", "--autoplay-policy=no-user-gesture-required"):
    options.add_argument(argument)
options.add_experimental_option("prefs", {"download.default_directory": str(downloads), "download.prompt_for_download": False})
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
os.environ.setdefault("HOME", str(folder))
d = webdriver.Chrome(service=webdriver.chrome.service.Service(driver), options=options)


def find(selector):
    return d.find_elements(By.CSS_SELECTOR, selector)


def texts(selector):
    return [e.text for e in find(selector)]


def check(condition, what):
    if not condition:
        d.save_screenshot(str(folder / "failed.png"))
        sys.exit(f"{what} (see {folder}/failed.png)")


def wait(condition, what):
    try:
        WebDriverWait(d, 10).until(lambda _: condition())
    except Exception:
        check(False, what)


try:
    d.execute_cdp_cmd("Network.enable", {})
    d.get(page.as_uri())
    rows = len(find("#files tbody tr"))
    check(rows == 16, f"{rows} rows of 16 scored recordings")
    d.save_screenshot(str(folder / "top.png"))

    # names are text
    check(any("<img src=x onerror=alert(1)>.wav" in t for t in texts(".toggle")), "the name that is markup is not shown as text")
    check(not find("img") and d.execute_script("return document.scripts.length") == 2, "a name became markup")
    check("<b>radio</b>" in texts("#groups td.name"), "metadata is not shown as text")

    # what else the scores could have been called, and the model's own words
    check(texts("#points td:first-child") == ["balanced (used here)", "high-precision", "high-recall"], "the operating points are not shown")
    d.find_element(By.CSS_SELECTOR, "#card summary").send_keys(Keys.ENTER)
    wait(lambda: "Voxtrawl" in d.find_element(By.ID, "card-text").text, "the model's card is not shown")
    d.find_element(By.CSS_SELECTOR, "#card summary").send_keys(Keys.ENTER)

    # sorting, by keyboard
    mean = d.find_element(By.CSS_SELECTOR, "#files th:nth-child(2)")
    values = lambda: [float(t) for t in texts("#files tbody td:nth-child(2)")]
    check(mean.get_attribute("aria-sort") == "descending" and values() == sorted(values(), reverse=True), "not sorted by the mean")
    mean.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    check(mean.get_attribute("aria-sort") == "ascending" and values() == sorted(values()), "not sorted the other way round")

    # filters
    d.find_element(By.ID, "search").send_keys("MACHINE/1")
    wait(lambda: len(find("#files tbody tr")) == 1, "searching finds another number than 1")
    d.find_element(By.ID, "search").clear()
    d.find_element(By.ID, "search").send_keys(" ")
    Select(d.find_element(By.ID, "verdict")).select_by_value("f")
    wait(lambda: 0 < len(find("#files tbody tr")) < 16 and all("fake" in t for t in texts("#files tbody td:first-child")), "the verdict's filter")
    Select(d.find_element(By.ID, "verdict")).select_by_value("")

    # a recording opened by keyboard: scores, spectrogram, clip
    item = d.execute_script("return data.clips[0].item")
    d.find_element(By.CSS_SELECTOR, f'tr[data-item="{item}"] .toggle').send_keys(Keys.ENTER)
    wait(lambda: find(".detail canvas.scores") and find(".detail canvas.spectrum"), "no timeline and spectrogram")
    wait(lambda: d.execute_script("const c = document.querySelector('canvas.scores'); return new Set(c.getContext('2d')"
                                  ".getImageData(0, 0, c.width, c.height).data).size > 4"), "the timeline is empty")
    check(d.switch_to.active_element.get_attribute("aria-expanded") == "true", "the focus was lost")
    audio = d.find_element(By.CSS_SELECTOR, ".detail audio")
    wait(lambda: audio.get_property("readyState") >= 1 and audio.get_property("duration") > 0.5, "the clip does not load")
    d.execute_script("arguments[0].muted = true; arguments[0].play()", audio)
    wait(lambda: audio.get_property("currentTime") > 0.2, "the clip does not play")

    # another one is opened and closed: what was typed stays, what plays goes on
    remark = d.find_element(By.CSS_SELECTOR, ".remark")
    remark.send_keys("typed")
    d.execute_script("arguments[0].loop = true; arguments[0].play()", audio)
    other = d.find_element(By.CSS_SELECTOR, f'tr:not([data-item="{item}"]) > .name .toggle')
    other.send_keys(Keys.ENTER)
    check(len(find(".detail")) == 2 and not audio.get_property("paused") and remark.get_property("value") == "typed", "the first recording was closed")
    other.send_keys(Keys.ENTER)
    mean.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    check(len(find(".detail")) == 1 and remark.get_property("value") == "typed", "sorting forgets what was typed")
    remark.clear()

    # marks: a clip's stretch, and one by numbers; without a name nothing is saved
    d.find_element(By.CSS_SELECTOR, ".clips button").click()
    d.find_element(By.CSS_SELECTOR, ".remark").send_keys("<b>hiss</b>")
    d.find_element(By.CSS_SELECTOR, ".mark-fake").click()
    start, end = d.find_element(By.CSS_SELECTOR, "input.from"), d.find_element(By.CSS_SELECTOR, "input.to")
    for field, value in ((start, "1.5"), (end, "0.5")):
        field.clear()
        field.send_keys(value)
    d.find_element(By.CSS_SELECTOR, ".mark-real").click()
    check(len(find(".marks li")) == 1, "a stretch that ends before it begins was taken")
    end.clear()
    end.send_keys("2")
    d.find_element(By.CSS_SELECTOR, ".mark-unsure").click()
    check(len(find(".marks li")) == 2 and "2 marks" in d.find_element(By.ID, "marked").text, "two marks are not shown")
    check(find(f'tr[data-item="{item}"] .chip.none'), "the marked recording is not told")
    d.find_element(By.CSS_SELECTOR, "#save button").click()
    check(not list(downloads.iterdir()) and "needs a name" in d.find_element(By.ID, "saved").text, "saved without a name")
    d.find_element(By.ID, "reviewer").send_keys("Dora")
    d.find_element(By.CSS_SELECTOR, "#save button").click()
    wait(lambda: (downloads / "review.json").exists(), "no review file was saved")
    saved = json.loads((downloads / "review.json").read_text())
    check([m["label"] for m in saved["marks"]] == ["fake", "unsure"] and saved["reviewer"] == "Dora", f"saved {saved}")

    d.execute_script("document.getElementById('h-files').scrollIntoView()")
    d.save_screenshot(str(folder / "detail.png"))
    d.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    time.sleep(0.2)
    d.save_screenshot(str(folder / "dark.png"))
    d.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    d.execute_script("scrollTo(0, 0)")
    d.save_screenshot(str(folder / "print.png"))
    d.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    d.set_window_size(420, 900)
    d.execute_script("scrollTo(0, 0)")
    d.save_screenshot(str(folder / "narrow.png"))
    wide = d.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check(wide <= 0, f"a narrow window must be scrolled sideways, by {wide} pixels")
    over = d.execute_script("return Math.max(...[...document.querySelectorAll('.toggle, .detail')].map(e => e.getBoundingClientRect().right)) - innerWidth")
    check(over <= 0, f"a name or a detail sticks out of a narrow window, by {over} pixels")

    # marks outlive the window
    d.refresh()
    wait(lambda: "2 marks" in d.find_element(By.ID, "marked").text, "marks are forgotten with the window")
    log = d.get_log("browser")
    check(not log, f"the browser complains: {log}")
finally:
    d.quit()
