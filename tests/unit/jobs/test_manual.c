/* test_manual.c - text that roff takes for text; what an option's value is; every command hands out its options */
#include "jobs/completion.h"
#include "jobs/man_page.h"
#include "jobs/option_reader.h"
#include "jobs/roff.h"
#include "tests/harness/cmocka.h"

#include <string.h>

static void text_is_no_markup(void **state)
{
    static const struct {
        const char *text, *roff;
    } rows[] = {
        {"plain words", "plain words\n"},
        {".TH in front", "\\&.TH in front\n"},
        {"'quoted'", "\\(aqquoted\\(aq\n"},
        {"a\\b --name", "a\\eb \\-\\-name\n"},
        {"a ... b .c", "a \\&... b \\&.c\n"},
        {"One. Two (of it.) Three", "One.\nTwo (of it.)\nThree\n"},
        {"e^x ~ `y`", "e\\(hax \\(ti \\(gay\\(ga\n"},
        {"1–2 ≤ 😀", "1\\[u2013]2 \\[u2264] \\[u1F600]\n"},
        {"twelve chars twelve chars twelve chars twelve chars twelve chars .a .b",
         "twelve chars twelve chars twelve chars twelve chars twelve chars\n\\&.a \\&.b\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_buf out = {0};
        vx_roff_text(&out, rows[i].text);
        assert_string_equal(out.data, rows[i].roff);
        vx_buf_free(&out);
    }
}

static void examples_stay(void **state)
{
    struct vx_buf out = {0};

    (void)state;
    vx_roff_about(&out, "One.\n\n  a  b\n  c\n\nTwo:\n\n  d");
    assert_string_equal(out.data, ".PP\nOne.\n.PP\n.RS 4\n.nf\na  b\nc\n.fi\n.RE\n.PP\nTwo:\n.PP\n.RS 4\n.nf\nd\n.fi\n.RE\n");
    vx_buf_free(&out);
}

static void values(void **state)
{
    static const struct {
        enum vx_opt_kind kind;
        const char *metavar;
        enum vx_value value;
    } rows[] = {
        {VX_OPT_FLAG, NULL, VX_VALUE_NONE},          {VX_OPT_INT, "N", VX_VALUE_ANY},
        {VX_OPT_REAL, "DB", VX_VALUE_ANY},           {VX_OPT_STRING, "DIR", VX_VALUE_FOLDERS},
        {VX_OPT_STRING, "OUT.db", VX_VALUE_FILES},   {VX_OPT_LIST, "NAME|FILE", VX_VALUE_FILES},
        {VX_OPT_LIST, "DB", VX_VALUE_FILES},         {VX_OPT_STRING, "NAME", VX_VALUE_ANY},
        {VX_OPT_STRING, "text|json", VX_VALUE_WORDS}, {VX_OPT_STRING, "high-recall|x", VX_VALUE_WORDS},
        {VX_OPT_STRING, "K/N", VX_VALUE_ANY},        {VX_OPT_STRING, "auto|N", VX_VALUE_ANY},
        {VX_OPT_STRING, "a|", VX_VALUE_WORDS},       {VX_OPT_STRING, "FILES", VX_VALUE_ANY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_opt o = {.name = "x", .kind = rows[i].kind, .metavar = rows[i].metavar};
        assert_int_equal(vx_value_of(&o), rows[i].value);
    }
}

static void count(void *user, const struct vx_command *command, const struct vx_opt *table)
{
    (void)command;
    for (; table->name; table++) {
        assert_true(table->doc && *table->doc);
        assert_true(table->kind == VX_OPT_FLAG || table->metavar);
        ++*(int *)user;
    }
}

static void commands_hand_out_their_options(void **state)
{
    struct vx_err err;

    (void)state;
    for (const struct vx_command *c = vx_commands(); c->name; c++) {
        int n = 0;
        const struct vx_option_reader reader = {.read = count, .user = &n};
        assert_int_equal(vx_options_read(c, &reader, &err), VX_OK);
        assert_true(n > 0);
        assert_non_null(c->about);
    }
}

static int deaf(const struct vx_command *self, int argc, char **argv)
{
    (void)self, (void)argc, (void)argv;
    return VX_EXIT_OK;
}

static void a_command_without_options_is_a_mistake(void **state)
{
    const struct vx_command command = {.name = "deaf", .usage = "", .doc = "None.", .fn = deaf};
    struct vx_buf out = {0};
    struct vx_err err;

    (void)state;
    assert_int_equal(vx_man_page_command(&out, &command, &err), VX_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "voxtrawl deaf --help handed out 0 tables"));
    vx_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_no_markup),
        cmocka_unit_test(examples_stay),
        cmocka_unit_test(values),
        cmocka_unit_test(commands_hand_out_their_options),
        cmocka_unit_test(a_command_without_options_is_a_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
