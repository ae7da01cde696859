/* Unit tests of label files: every format, and what is refused beside it; which row a recording is matched with. */
#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"
#include "tests/unit/io/tree.h"

#include "base/buf.h"
#include "io/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

static int setup(void **state)
{
    *state = tree_create();
    return 0;
}

static int teardown(void **state)
{
    char *root = *state;

    failing_alloc_after(-1);
    tree_remove(&root);
    return 0;
}

/* "format: column,column" and a line for each row: "name=bona cell,cell". */
static void describe(const struct vx_labels *labels, struct vx_buf *out)
{
    vx_buf_reset(out);
    vx_buf_fmt(out, "%s:", vx_labels_format(labels));
    for (size_t i = 0; i < vx_labels_columns(labels); i++)
        vx_buf_fmt(out, "%s%s", i ? "," : " ", vx_labels_column(labels, i));
    for (size_t k = 0; k < vx_labels_count(labels); k++) {
        const struct vx_label_row *row = vx_labels_row(labels, k);
        vx_buf_fmt(out, "\n%s=%s", row->name, row->bona ? "bona" : "spoof");
        for (size_t i = 0; i < vx_labels_columns(labels); i++)
            vx_buf_fmt(out, "%s%s", i ? "," : " ", row->cells[i]);
    }
}

#define LA19 "LA_0069 LA_D_1047731 - - bonafide\nLA_0069 LA_D_1 - A01 spoof\n"
#define LA21 "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\r\nLA_0020 LA_E_2 none loc_tx - bonafide trim progress\r\n"
#define DF21 "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -\n"
#define V5 "D_4461 D_0000000169 F - - - AC1 A14 spoof -\nD_1 D_2 M C05 3 77 AC0 - bonafide -\n"
#define FAV "source,target1,target2,method,category,type,race,gender,path,\n"

/* wanted: what describe() gives; or, when it begins with '!', a part of the message. */
static const struct {
    const char *text, *format, *wanted;
} cases[] = {
    {LA19, NULL, "asvspoof2019: speaker,environment,attack\nLA_D_1047731=bona LA_0069,,\nLA_D_1=spoof LA_0069,,A01"},
    {"\n  \n" LA19, "asvspoof2019",
     "asvspoof2019: speaker,environment,attack\nLA_D_1047731=bona LA_0069,,\nLA_D_1=spoof LA_0069,,A01"},
    {"PA_1\tPA_T_1\taaa\tAA\tSpoof", NULL, "asvspoof2019: speaker,environment,attack\nPA_T_1=spoof PA_1,aaa,AA"},
    {LA21, NULL,
     "asvspoof2021-la: speaker,codec,transmission,attack,trim,subset\n"
     "LA_E_9332881=spoof LA_0009,alaw,ita_tx,A07,notrim,eval\nLA_E_2=bona LA_0020,none,loc_tx,,trim,progress"},
    {DF21, NULL,
     "asvspoof2021-df: speaker,codec,source,attack,trim,subset,vocoder,task,team,gender_pair,language\n"
     "DF_E_2000011=spoof LA_0023,nocodec,asvspoof,A14,notrim,progress,traditional_vocoder,,,,"},
    {V5, NULL,
     "asvspoof5: speaker,gender,codec,codec_quality,codec_seed,attack_tag,attack\n"
     "D_0000000169=spoof D_4461,F,,,,AC1,A14\nD_2=bona D_1,M,C05,3,77,AC0,"},
    {"filename\tcm-label\nE_1\tspoof\nE_2\tbonafide\n", NULL, "asvspoof5-key:\nE_1=spoof\nE_2=bona"},
    {"file,speaker,label\n0.wav,Alec Guinness,spoof\n1.wav,\"Guinness, Alec\",bona-fide\n", NULL,
     "in-the-wild: speaker\n0.wav=spoof Alec Guinness\n1.wav=bona Guinness, Alec"},
    {"path|original_file|language|is_original_language|duration|training_data|model_name|architecture|transcript\n"
     "./fake/de/griffin_lim/a.wav|x/a.wav|de|True|2.5|M-AILABS|griffin_lim|GL|\"Ja | nein\"\n", NULL,
     "mlaad: original_file,language,is_original_language,duration,training_data,model_name,architecture,transcript\n"
     "./fake/de/griffin_lim/a.wav=spoof x/a.wav,de,True,2.5,M-AILABS,griffin_lim,GL,Ja | nein"},
    {"path|language|architecture\na.wav|de|VITS\nb.wav|fr\n", NULL,
     "mlaad: language,architecture\na.wav=spoof de,VITS\nb.wav=spoof fr,"},
    {"path|label\na.wav|real\n", NULL, "table:\na.wav=bona"},
    {FAV "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,FakeAVCeleb/RealVideo-RealAudio/African/men/id00076\n"
         "id00076,-,-,rtvc,B,RealVideo-FakeAudio,African,men,00109_fake.mp4,\n"
         "id1,id2,-,wav2lip,D,FakeVideo-FakeAudio,African,men,a/b.mp4\n", NULL,
     "fakeavceleb: source,target1,target2,method,category,type,race,gender\n"
     "FakeAVCeleb/RealVideo-RealAudio/African/men/id00076/00109.mp4=bona id00076,-,-,real,A,RealVideo-RealAudio,African,men\n"
     "00109_fake.mp4=spoof id00076,-,-,rtvc,B,RealVideo-FakeAudio,African,men\n"
     "a/b.mp4=spoof id1,id2,-,wav2lip,D,FakeVideo-FakeAudio,African,men"},
    {"file,speaker,attack\na00/id1/0.flac,id1,a00\na23/id1/0.flac,id1,a23\n", NULL,
     "spoofceleb: speaker,attack\na00/id1/0.flac=bona id1,a00\na23/id1/0.flac=spoof id1,a23"},
    {"\xEF\xBB\xBF" "Label, File Name ,note,note,\nREAL, a b.wav ,x,y,\nDeepFake,c.wav,,z,,\nGenuine,d.wav\n", NULL,
     "table: note,note_4\na b.wav=bona x,y\nc.wav=spoof ,z\nd.wav=bona ,"},
    {"id class\n17 Synthetic\n18 HUMAN\n", NULL, "table:\n17=spoof\n18=bona"},
    {"file,id,key\na.wav,1,bona_fide\n", NULL, "table: id\na.wav=bona 1"},
    {"file,speaker,label\n0.wav,x,fake\n", "table", "table: speaker\n0.wav=spoof x"},
    {"file,label\na.wav,real\n./a.wav,real\nb.wav,fake\na.wav,genuine\n", NULL, "table:\na.wav=bona\nb.wav=spoof"},
    /* refused */
    {"", NULL, "!labels: is empty"},
    {"\n\n  \n", NULL, "!is empty"},
    {"file,label\n", NULL, "!names no recording"},
    {"file,label\na.wav,real\nb.wav,unknown\n", NULL, "!labels, line 3: column label is \"unknown\", expected bonafide"},
    {"file,label\na.wav,\n", NULL, "!line 2: column label is \"\""},
    {"file,label\na.wav\n", NULL, "!line 2: 1 cells, the label is in number 2 (column label)"},
    {"file,label\n ,real\n", NULL, "!line 2: column file is \"\""},
    {"file,label\na.wav,real,x\n", NULL, "!line 2: 3 cells, expected 2 (table)"},
    {"file,label\n\"a.wav,real\n", NULL, "!line 2: a quote that is not closed"},
    {"file,speaker\na.wav,x\n", NULL, "!line 1: no column holds a label"},
    {"speaker,label\nx,real\n", NULL, "!line 1: no column names the recording"},
    {"a.wav bonafide\nb.wav spoof\n", NULL, "!line 1: no column names the recording"},
    {"a b c d unknown\n", NULL, "!line 1: no column names the recording"},
    {"\x93\x01\xFE garbage \x02\x7F\n", NULL, "!line 1: no column names the recording"},
    {LA19 "LA_0069 LA_D_2 - bonafide\n", NULL, "!line 3: 4 cells, expected 5 (asvspoof2019)"},
    {LA19 "LA_0069 LA_D_2 - - real?\n", NULL, "!line 3: field 5 is \"real?\""},
    {LA19, "asvspoof5", "!line 1: 5 cells, expected 10 (asvspoof5)"},
    {LA19, "mlaad", "!line 1: no column names the recording"},
    {"file,speaker,label\na,b,real\n", "spoofceleb", "!line 1: no column attack, which spoofceleb has"},
    {"file,speaker,attack\na.wav,x,A01b\n", NULL, "!line 2: column attack is \"A01b\", expected a00"},
    {FAV "a,-,-,real,A,RealVideo,African,men,1.mp4,\n", NULL, "!line 2: column type is \"RealVideo\""},
    {"file,label\na.wav,real\nb.wav,fake\n./a.wav,fake\n", NULL, "!labels: line 2 and line 4 contradict each other"},
    {"file,label\na.wav,real\n", "wav", "!no label format \"wav\"; there are asvspoof2019"},
};

static void test_formats(void **state)
{
    const char *root = *state;
    struct vx_buf got = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vx_labels *labels = NULL;
        struct vx_err err = {0};
        const bool refused = cases[i].wanted[0] == '!';

        tree_text(root, "labels", cases[i].text);
        const enum vx_status rc = vx_labels_open(&labels, tree_path(root, "labels"), cases[i].format, &err);
        if (rc == VX_OK)
            describe(labels, &got);
        if ((rc != VX_OK) != refused || (labels == NULL) != refused)
            fail_msg("\"%s\" %s: %s", cases[i].text, refused ? "is taken" : "is refused", refused ? got.data : err.text);
        if (refused && !strstr(err.text, cases[i].wanted + 1))
            fail_msg("\"%s\" gives the error \"%s\", expected \"%s\"", cases[i].text, err.text, cases[i].wanted + 1);
        if (refused)
            assert_int_equal(rc, cases[i].format && strcmp(cases[i].format, "wav") == 0 ? VX_EINVAL : VX_EFORMAT);
        if (!refused && strcmp(got.data, cases[i].wanted) != 0)
            fail_msg("\"%s\" gives \"%s\", expected \"%s\"", cases[i].text, got.data, cases[i].wanted);
        vx_labels_close(&labels);
        assert_null(labels);
    }
    vx_buf_free(&got);
}

static void test_files(void **state)
{
    static const char nul[] = "file,label\na.wav,re\0al\n";
    const char *root = *state;
    struct vx_labels *labels = NULL;
    struct vx_err err = {0};
    gzFile gz;

    assert_int_equal(vx_labels_open(&labels, tree_path(root, "absent"), NULL, &err), VX_ESYS);
    assert_non_null(strstr(err.text, "absent: cannot open"));
    tree_write(root, "nul", nul, sizeof nul - 1);
    assert_int_equal(vx_labels_open(&labels, tree_path(root, "nul"), NULL, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "nul, line 2: a NUL byte"));
    tree_write(root, "utf16", "\xFF\xFE" "f\0", 4);
    assert_int_equal(vx_labels_open(&labels, tree_path(root, "utf16"), NULL, &err), VX_EUNSUPPORTED);
    gz = gzopen(tree_path(root, "labels.csv.gz"), "wb");
    assert_true(gz && gzputs(gz, V5) > 0 && gzclose(gz) == Z_OK);
    assert_int_equal(vx_labels_open(&labels, tree_path(root, "labels.csv.gz"), NULL, &err), VX_OK);
    assert_int_equal(vx_labels_count(labels), 2);
    assert_int_equal(vx_labels_row(labels, 1)->line, 2);
    vx_labels_close(&labels);
    vx_labels_close(&labels);
}

static void test_matching(void **state)
{
    static const char text[] = "path,label,speaker\n" /* rows from line 2 on */
                               "d/a.wav,real,1\n"
                               "e/a.wav,fake,1\n"
                               "/root/x.flac,fake,2\n"
                               "plain,real,3\n"
                               "v1.2_001,fake,4\n"
                               "p/same.wav,fake,5\n"
                               "q/same.wav,fake,5\n"
                               "p/diff.wav,fake,5\n"
                               "q/diff.wav,fake,6\n"
                               "one.mp3,real,7\n"
                               "z/deep/er/t.wav,fake,8\n"
                               "t.wav,real,8\n"
                               "za.wav,fake,9\n"
                               "s/x-d/u.wav,real,9\n"
                               ".hidden,real,9\n"
                               "k/dash.wav,real,9\n"
                               "a-dash.wav,fake,9\n"
                               "b-dash.wav,fake,9\n"
                               "c+dash.wav,fake,9\n";
    static const struct {
        const char *path, *member;
        int line; /* 0: none; -1: ambiguous */
    } asked[] = {
        {"d/a.wav", NULL, 2},      {"/data/d/a.wav", NULL, 2}, {"./e/a.wav", NULL, 3},  {"f/a.wav", NULL, -1},
        {"a.wav", NULL, -1},       {"d/a.flac", NULL, 2},      {"k/d/a.m4a", NULL, 2},  {"xd/a.wav", NULL, -1},
        {"/root/x.flac", NULL, 4}, {"root/x.flac", NULL, 4},   {"x.wav", NULL, 4},      {"/k/plain.wav", NULL, 5},
        {"plain", NULL, 5},        {"k/v1.2_001.wav", NULL, 6}, {"v1.wav", NULL, 6},    {"v1.2_001", NULL, 6},
        {"same.wav", NULL, 7},     {"k/same.ogg", NULL, 7},    {"q/same.wav", NULL, 8}, {"k/diff.wav", NULL, -1},
        {"q/diff.wav", NULL, 10},  {"q/diff.opus", NULL, 10},  {"one.wav", NULL, 11},   {"one", NULL, 11},
        {"er/t.wav", NULL, 12},    {"k/t.wav", NULL, 13},      {"a/deep/er/t.wav", NULL, 13}, {"t.wav", NULL, 13},
        {"za.wav", NULL, 14},      {"b.wav", NULL, 0},         {"", NULL, 0},           {"/", NULL, 0},
        {"d/", NULL, 0},           {"d/u.wav", NULL, 15},      {"hidden", NULL, 0},     {"k/.hidden", NULL, 16},
        {"m/dash.wav", NULL, 17},  {"m/dash.mp3", NULL, 17},
        {"b-dash.wav", NULL, 19},  {"c+dash.aac", NULL, 20},   {"+dash.aac", NULL, 0},
        {"d/a.wav", "e/a.wav", 3}, {"x.tar", "k/plain.flac", 5}, {"d/a.wav", "nothing.wav", 0},
    };
    const char *root = *state;
    struct vx_labels *labels = NULL;
    struct vx_err err = {0};
    ptrdiff_t row;

    tree_text(root, "labels.csv", text);
    assert_int_equal(vx_labels_open(&labels, tree_path(root, "labels.csv"), NULL, &err), VX_OK);
    assert_int_equal(vx_labels_unmatched(labels), 19);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const enum vx_status rc = vx_labels_match(labels, asked[i].path, asked[i].member, &row, &err);
        const int line = rc == VX_OK ? row < 0 ? 0 : (int)vx_labels_row(labels, (size_t)row)->line : -1;
        if (line != asked[i].line)
            fail_msg("%s %s matches line %d, expected %d", asked[i].path, asked[i].member ? asked[i].member : "", line,
                     asked[i].line);
        if (rc != VX_OK) {
            assert_int_equal(rc, VX_EINVAL);
            assert_non_null(strstr(err.text, asked[i].path));
        }
    }
    assert_int_equal(vx_labels_unmatched(labels), 2); /* p/diff.wav, a-dash.wav */
    vx_labels_close(&labels);
}

/* Base names that repeat without end must not make matching quadratic. */
static void test_many(void **state)
{
    enum { N = 200000 };
    const char *root = *state;
    struct vx_labels *labels = NULL;
    struct vx_buf text = {0};
    struct vx_err err = {0};
    char name[64];
    ptrdiff_t row;

    vx_buf_str(&text, "path,label\n");
    for (int i = 0; i < N; i++)
        vx_buf_fmt(&text, "set/%07d/audio.wav,%s\n", i * 7919 % N, i * 7919 % N % 3 ? "fake" : "real");
    assert_false(text.failed);
    tree_write(root, "labels.csv", text.data, text.len);
    vx_buf_free(&text);
    const clock_t begin = clock();
    assert_int_equal(vx_labels_open(&labels, tree_path(root, "labels.csv"), NULL, &err), VX_OK);
    assert_int_equal(vx_labels_count(labels), N);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "/data/%07d/audio.flac", i);
        assert_int_equal(vx_labels_match(labels, name, NULL, &row, &err), VX_OK);
        assert_true(row >= 0 && vx_labels_row(labels, (size_t)row)->bona == (i % 3 == 0));
    }
    print_message("%d rows read and matched in %.2f s of CPU\n", N, (double)(clock() - begin) / CLOCKS_PER_SEC);
    assert_int_equal(vx_labels_match(labels, "elsewhere/audio.wav", NULL, &row, &err), VX_EINVAL);
    assert_int_equal(vx_labels_unmatched(labels), 0);
    vx_labels_close(&labels);
}

static void test_every_allocation(void **state)
{
    const char *root = *state;
    struct vx_labels *labels = NULL;
    struct vx_err err;
    long k = 0;

    tree_text(root, "labels.csv", FAV "a,-,-,real,A,RealVideo-RealAudio,African,men,1.mp4,b\nx,,,,,FakeAudio,,,1.mp4\n");
    do {
        failing_alloc_after(k++);
        const enum vx_status rc = vx_labels_open(&labels, tree_path(root, "labels.csv"), NULL, &err);
        failing_alloc_after(-1);
        assert_true(rc == VX_OK ? labels != NULL : failing_alloc_failed() && rc == VX_ENOMEM && !labels);
        vx_labels_close(&labels);
    } while (failing_alloc_failed());
    print_message("%ld allocations\n", k - 1);
    assert_true(k > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_matching, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_allocation, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
