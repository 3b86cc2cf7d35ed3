/* count_instructions.c: a plugin of qemu-user that counts the instructions a program executes and says so at its end:
 *   qemu-aarch64 -plugin count_instructions.so PROGRAM ...
 * The functions and types of version 1 of that interface, which the emulator provides, are declared here: few packages
 * of it bring a header along. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define OF_PLUGIN __attribute__((visibility("default")))

typedef uint64_t plugin_id;
typedef struct qemu_plugin_tb block;
enum { ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id id, block *of));
void qemu_plugin_register_vcpu_tb_exec_inline(block *of, int operation, void *counter, uint64_t by);
size_t qemu_plugin_tb_n_insns(const block *of);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*ended)(plugin_id id, void *self), void *self);

OF_PLUGIN extern int qemu_plugin_version;
OF_PLUGIN int qemu_plugin_version = 1;
OF_PLUGIN int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

static uint64_t instructions;

/* Whenever this block runs, its instructions are added; the program has one thread. */
static void translated(plugin_id id, block *of)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(of, ADD_U64, &instructions, qemu_plugin_tb_n_insns(of));
}

static void ended(plugin_id id, void *self)
{
    (void)id, (void)self;
    fprintf(stderr, "Collected : %" PRIu64 "\n", instructions);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
