/* test_submit.c - what voxtrawl submit is made of: parts of a corpus, templates and quoting, site files, squeue's answers */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "base/spawn.h"
#include "jobs/part.h"
#include "jobs/render.h"
#include "jobs/site.h"
#include "jobs/slurm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state)
{
    *state = folder_create();
    return 0;
}

static int tear_down(void **state)
{
    folder_remove((char **)state);
    return 0;
}

/* The part of PATH [MEMBER] among `of`; fails unless it is in exactly one. */
static uint32_t part_of(const char *path, const char *member, uint32_t of)
{
    char p[256], m[256];
    struct vx_item item = {.path = p, .member = member ? m : NULL};
    uint32_t found = 0;

    snprintf(p, sizeof p, "%s", path);
    snprintf(m, sizeof m, "%s", member ? member : "");
    for (uint32_t k = 1; k <= of; k++)
        if (vx_part_has(&(struct vx_part){k, of}, &item)) {
            assert_int_equal(found, 0);
            found = k;
        }
    assert_int_not_equal(found, 0);
    return found;
}

static void test_parts(void **state)
{
    static const struct {
        const char *path, *member;
        uint32_t of, part;
    } rows[] = { /* jobs of one array may run years and versions apart: these must never change */
        {"a.wav", NULL, 1, 1}, {"a.wav", NULL, 7, 5}, {"/archive/b.tar", "x/1.flac", 7, 7},
    };
    enum { ITEMS = 7000, PARTS = 7 };
    int sizes[PARTS + 1] = {0};
    (void)state;

    for (int i = 0; i < ITEMS; i++) {
        char path[64];
        snprintf(path, sizeof path, "corpus/%d/file-%05d.wav", i % 10, i);
        sizes[part_of(path, NULL, PARTS)]++;
    }
    for (int k = 1; k <= PARTS; k++) /* 1000 expected; five standard deviations are 146 */
        assert_in_range(sizes[k], 850, 1150);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(part_of(rows[i].path, rows[i].member, rows[i].of), rows[i].part);
    assert_true(vx_part_has(&(struct vx_part){0}, &(struct vx_item){.path = (char[]){"any"}}));
}

static void test_part_words(void **state)
{
    static const char *const bad[] = {"", "1", "/", "1/", "/2", "0/2", "3/2", "1/0", "-1/2", "1/-2", "+1/2", " 1/2",
                                      "1/2 ", "1 /2", "1/2/3", "1.0/2", "1/100001", "99999999999/99999999999", "a/b"};
    struct vx_part part;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_part_parse(&part, "1/1", &err), VX_OK);
    assert_int_equal(vx_part_parse(&part, "16/100000", &err), VX_OK);
    assert_true(part.number == 16 && part.of == 100000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (vx_part_parse(&part, bad[i], &err) != VX_EINVAL || !strstr(err.text, "expected K/N"))
            fail_msg("--part %s is accepted", bad[i]);
}

static void test_render(void **state)
{
    static const struct vx_render_value values[] = {
        {"NAME", "value"}, {"EMPTY", ""}, {"LINES", "one\ntwo"}, {"NONE", NULL}, {"A_1", "@NAME@"}, {NULL, NULL},
    };
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"plain\n", "plain\n"},
        {"no newline", "no newline"},
        {"a @NAME@ b\n", "a value b\n"},
        {"[@EMPTY@]\n", "[]\n"},
        {"@LINES@\n", "one\ntwo\n"},
        {"one\n#SBATCH --x=@NONE@\ntwo\n", "one\ntwo\n"},
        {"@NAME@ @NONE@\n", ""},
        {"@A_1@@NAME@\n", "@NAME@value\n"}, /* values are not templates */
        {"USR1@@NAME@ \"$@\" a@b.c @ @@ @name@\n", "USR1@value \"$@\" a@b.c @ @@ @name@\n"},
        {"@NONE@", ""},
    };
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_buf out = {0};
        assert_int_equal(vx_render(&out, "t", rows[i].in, values, &err), VX_OK);
        assert_string_equal(out.data, rows[i].out);
        vx_buf_free(&out);
    }
    struct vx_buf out = {0};
    assert_int_equal(vx_render(&out, "some/template", "fine\n@NAME@ @NAMES@\n", values, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "some/template:2: there is nothing called @NAMES@"));
    vx_buf_free(&out);
}

/* What the shell makes of a quoted word is the word. */
static void test_quotes(void **state)
{
    static const char *const words[] = {"plain", "", " ", "two words", "it's", "''", "\"", "$HOME", "`ls`", "$(ls)", "back\\slash",
                                        "new\nline", "*", "~", "#x", "a;b", "a&b", "gr\xc3\xbc\xc3\x9f", "\xff", "-n", "!x", "tab\t", "a=b", "{a,b}", "%s"};
    struct vx_buf script = {0}, expected = {0}, log = {0};
    struct vx_spawned said;
    struct vx_err err;
    (void)state;

    vx_buf_str(&script, "printf '<%s>'");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        vx_buf_str(&script, " ");
        vx_quote_shell(&script, words[i]);
        vx_buf_fmt(&expected, "<%s>", words[i]);
    }
    assert_int_equal(vx_spawn((const char *const[]){"sh", "-c", script.data, NULL}, 20, &said, &err), VX_OK);
    assert_int_equal(said.status, 0);
    assert_string_equal(said.out.data, expected.data);
    vx_quote_log(&log, "/a b/50%/it's \"x\"");
    assert_string_equal(log.data, "\"/a b/50%%/it's \\\"x\\\"\"");
    vx_spawned_free(&said);
    vx_buf_free(&script);
    vx_buf_free(&expected);
    vx_buf_free(&log);
}

static void test_site(void **state)
{
    static const char text[] = "# a comment\n\n  partition = batch \r\naccount=p-1\n\tmemory = 64G\nsetup = if [ -e /x ]; then\nsetup = fi # = x\n"
                               "module = gcc/12\ncpus_per_gpu = 16\ngpu_request = gpus-per-task\nscratch = /local/$SLURM_JOB_ID\n"
                               "sbatch = --mail-type=FAIL\nsbatch = --comment=\"a b\"\nlauncher = srun\nmpirun = mpirun -x \"A B\"";
    struct vx_site site = {0};
    struct vx_err err = {0};

    folder_write(*state, "site", text, sizeof text - 1);
    if (vx_site_read(&site, folder_path(*state, "site"), &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_string_equal(site.partition, "batch");
    assert_string_equal(site.account, "p-1");
    assert_string_equal(site.memory, "64G");
    assert_string_equal(site.setup.data, "if [ -e /x ]; then\nfi # = x\nmodule load gcc/12");
    assert_string_equal(site.options.data, "#SBATCH --mail-type=FAIL\n#SBATCH --comment=\"a b\"");
    assert_string_equal(site.launcher, "srun");
    assert_string_equal(site.mpirun, "mpirun -x \"A B\"");
    assert_string_equal(site.scratch, "/local/$SLURM_JOB_ID");
    assert_int_equal(site.cpus_per_gpu, 16);
    assert_null(site.qos);
    vx_site_free(&site);
    unlink(folder_path(*state, "site"));
}

static void test_site_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"partition = a\npartitions = b\n", ":2: unknown key \"partitions\""},
        {"Partition = a\n", ":1: unknown key"},
        {"\n\npartition\n", ":3: expected KEY = VALUE"},
        {"qos =\n", ":1: qos has no value"},
        {"qos = a\nqos = b\n", ":2: qos is given twice"},
        {"partition = a b\n", "one word of letters"},
        {"partition = $(x)\n", "one word of letters"},
        {"account = --x\n", "one word of letters"},
        {"module = gcc; rm\n", "one word of letters"},
        {"memory = 'x'\n", "one word of letters"},
        {"launcher = mpiexec\n", "expected mpirun or srun"},
        {"gpu_request = all\n", "expected gres or gpus-per-task"},
        {"cpus_per_gpu = 0\n", "from 1 to"},
        {"cpus_per_gpu = 4x\n", "from 1 to"},
        {"cpus_per_gpu = 5000\n", "from 1 to"},
        {"scratch = local\n", "begins with /"},
        {"scratch = /a\"b\n", "without"},
        {"scratch = /$(x)\n", "without"},
        {"sbatch = constraint\n", "an option of sbatch"},
        {"partition = a\x01\n", "control character"},
    };
    const char *path = folder_path(*state, "site");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_site site = {0};
        struct vx_err err = {0};
        folder_write(*state, "site", rows[i].text, strlen(rows[i].text));
        if (vx_site_read(&site, path, &err) != VX_EINVAL || !strstr(err.text, rows[i].message) || strncmp(err.text, path, strlen(path)) != 0)
            fail_msg("\"%s\" gives \"%s\" instead of \"%s\"", rows[i].text, err.text, rows[i].message);
        vx_site_free(&site);
    }
    struct vx_site site = {0};
    struct vx_err err;
    folder_write(*state, "site", "a = b\0c", 7);
    assert_int_equal(vx_site_read(&site, path, &err), VX_EINVAL);
    unlink(path);
    assert_int_equal(vx_site_read(&site, path, &err), VX_ESYS);
    vx_site_free(&site);
}

static void test_squeue(void **state)
{
    static const struct {
        const char *said;
        bool known, ended;
        const char *text;
    } rows[] = {
        {"", false, true, ""},
        {"\n", false, true, ""},
        {"slurm_load_jobs error\n", false, true, ""},
        {"12|RUNNING|None|3:12:44\n", true, false, "RUNNING, 3:12:44 left"},
        {"12|RUNNING|None|UNLIMITED\n", true, false, "RUNNING"},
        {"12|PENDING|Resources|1-00:00:00\n", true, false, "PENDING (Resources)"},
        {"12|PENDING|BeginTime|10:00", true, false, "PENDING (BeginTime)"},
        {"12|COMPLETED|None|9:50\n", true, true, "COMPLETED"},
        {"12|COMPLETING|None|9:50\n", true, false, "COMPLETING"},
        {"12|FAILED|NonZeroExitCode|9:50\n", true, true, "FAILED"},
        {"some warning\n12|RUNNING|None|0:10\n", true, false, "RUNNING, 0:10 left"},
        {"12_1|COMPLETED|None|9\n12_2|RUNNING|None|0:10\n12_3|PENDING|Priority|9\n12_4|PENDING|Priority|9\n", true, false,
         "1 COMPLETED, 1 RUNNING, 2 PENDING (Priority), 0:10 left"},
        {"12_1|CANCELLED|None|9\n12_2|TIMEOUT|TimeLimit|0:00\n", true, true, "1 CANCELLED, 1 TIMEOUT"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_slurm_state s;
        vx_slurm_parse(rows[i].said, &s);
        if (s.known != rows[i].known || s.ended != rows[i].ended || strcmp(s.text, rows[i].text) != 0)
            fail_msg("\"%s\" gives \"%s\", known %d, ended %d", rows[i].said, s.text, s.known, s.ended);
    }
}

/* Which jobs belong to a run, written and read. */
static void test_jobs(void **state)
{
    static const char *const bad[] = {"scan\n", "scan 12x\n", "SCAN 1\n", "scan 1\nmerge 2\nscan 3\n", "12\n"};
    const struct vx_slurm_job written[] = {{"scan", "12"}, {"merge", "13"}};
    struct vx_slurm_job read[VX_SLURM_JOBS];
    struct vx_err err;
    int n;

    assert_int_equal(vx_slurm_read(*state, read, &n, &err), VX_OK); /* not submitted */
    assert_int_equal(n, 0);
    assert_int_equal(mkdir(folder_path(*state, "job"), 0777), 0);
    assert_int_equal(vx_slurm_write(*state, written, 2, &err), VX_OK);
    assert_int_equal(vx_slurm_read(*state, read, &n, &err), VX_OK);
    assert_int_equal(n, 2);
    assert_string_equal(read[1].kind, "merge");
    assert_string_equal(read[1].id, "13");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        folder_write(*state, "job/jobs.txt", bad[i], strlen(bad[i]));
        if (vx_slurm_read(*state, read, &n, &err) != VX_EFORMAT)
            fail_msg("\"%s\" is accepted", bad[i]);
    }
    unlink(folder_path(*state, "job/jobs.txt"));
    rmdir(folder_path(*state, "job"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts), cmocka_unit_test(test_part_words),   cmocka_unit_test(test_render), cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_site),  cmocka_unit_test(test_site_refused), cmocka_unit_test(test_squeue), cmocka_unit_test(test_jobs),
    };
    return cmocka_run_group_tests_name("submit", tests, set_up, tear_down);
}
