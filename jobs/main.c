#include "jobs/command.h"

int main(int argc, char **argv)
{
    return vx_main(argc, argv);
}
