/* fake_nvml.c - a management library of two GPUs that say what a test wants: the first counts energy, the second tells its power */
#include <stdatomic.h>
#include <stddef.h>

static unsigned long long energy_mj = 5000;
static unsigned power_mw = 100000;
static int failing;
static int begun;
static atomic_int looks; /* at the first GPU */

void fake_nvml_set(unsigned long long mj, unsigned mw, int fail);
int fake_nvml_begun(void);
int fake_nvml_looks(void);
int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *n);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device);
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj);
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw);

void fake_nvml_set(unsigned long long mj, unsigned mw, int fail)
{
    energy_mj = mj;
    power_mw = mw;
    failing = fail;
}

int fake_nvml_begun(void)
{
    return begun;
}

int fake_nvml_looks(void)
{
    return atomic_load(&looks);
}

int nvmlInit_v2(void)
{
    begun++;
    return failing == 9 ? 9 : 0; /* NVML_ERROR_DRIVER_NOT_LOADED */
}

int nvmlShutdown(void)
{
    begun--;
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *n)
{
    *n = 2;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    static char devices[2];

    *device = &devices[index];
    devices[index] = (char)index;
    return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj)
{
    *mj = energy_mj;
    atomic_fetch_add(&looks, *(const char *)device == 0);
    return *(const char *)device == 0 ? failing : 3; /* NVML_ERROR_NOT_SUPPORTED */
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *mw)
{
    *mw = power_mw;
    return *(const char *)device == 1 || failing ? failing : 3;
}
