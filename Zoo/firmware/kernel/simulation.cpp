#include "simulation.h"

#include "Vkernel.h"
#include "memory.hpp"
#include "verilated.h"

#include <cstring>
#include <new>

// Verilator's name for a port that is called as something of C++.
#define INTERRUPT __SYM__interrupt

namespace {
constexpr unsigned resetClocks = 16; // what AXI asks for
constexpr kernel_memory ordinary = {40, 0, 1};
}

// The kernel, its clock and its two memories.
struct kernel_simulation {
    kernel_simulation(kernel_translate translate, void *context)
        : top(&world), reads(translate, context, sizeof top.m_axi_gmem0_rdata, 0x5EED),
          writes(translate, context, sizeof top.m_axi_gmem1_wdata, 0xCA2D) {
        set(ordinary);
        top.ap_rst_n = 0;
        for (unsigned i = 0; i < resetClocks; i++) tick();
        top.ap_rst_n = 1;
        tick();
    }

    ~kernel_simulation() { top.final(); }

    void set(kernel_memory memory) {
        reads.set(memory);
        writes.set(memory);
    }

    // One clock. Outputs that the memories see depend on registers alone: they hold until the edge.
    void tick() {
        ReadPort::Offer read = reads.offer(clocks);
        WritePort::Offer write = writes.offer(clocks);
        top.m_axi_gmem0_arready = read.requestReady;
        top.m_axi_gmem0_rvalid = read.valid;
        top.m_axi_gmem0_rlast = read.last;
        top.m_axi_gmem0_rresp = read.response;
        if (read.valid && read.data)
            std::memcpy(&top.m_axi_gmem0_rdata, read.data, sizeof top.m_axi_gmem0_rdata);
        top.m_axi_gmem1_awready = write.requestReady;
        top.m_axi_gmem1_wready = write.dataReady;
        top.m_axi_gmem1_bvalid = write.answered;
        top.m_axi_gmem1_bresp = write.response;

        Request readRequest = {bool(top.m_axi_gmem0_arvalid), top.m_axi_gmem0_araddr,
                               top.m_axi_gmem0_arlen + 1u, top.m_axi_gmem0_arsize,
                               top.m_axi_gmem0_arburst};
        Request writeRequest = {bool(top.m_axi_gmem1_awvalid), top.m_axi_gmem1_awaddr,
                                top.m_axi_gmem1_awlen + 1u, top.m_axi_gmem1_awsize,
                                top.m_axi_gmem1_awburst};
        reads.edge(clocks, readRequest, top.m_axi_gmem0_rready);
        writes.edge(clocks, writeRequest, top.m_axi_gmem1_wvalid, top.m_axi_gmem1_wlast,
                    &top.m_axi_gmem1_wdata, top.m_axi_gmem1_bready);

        top.ap_clk = 1;
        top.eval();
        top.ap_clk = 0;
        top.eval();
        clocks++;
    }

    VerilatedContext world;
    Vkernel top;
    ReadPort reads;
    WritePort writes;
    uint64_t clocks = 0;
};

kernel_simulation *kernel_simulation_open(kernel_translate translate, void *context) {
    return new (std::nothrow) kernel_simulation(translate, context);
}

void kernel_simulation_close(kernel_simulation *simulation) { delete simulation; }

void kernel_simulation_set_memory(kernel_simulation *simulation, kernel_memory memory) {
    simulation->set(memory);
}

void kernel_simulation_write(kernel_simulation *simulation, uint32_t offset, uint32_t value) {
    Vkernel &top = simulation->top;
    top.s_axi_control_awaddr = offset;
    top.s_axi_control_awvalid = 1;
    top.s_axi_control_wdata = value;
    top.s_axi_control_wstrb = 0xF;
    top.s_axi_control_wvalid = 1;
    top.s_axi_control_bready = 1;
    top.eval();
    while (!top.s_axi_control_awready) simulation->tick();
    simulation->tick();
    top.s_axi_control_awvalid = 0;
    top.s_axi_control_wvalid = 0;
    while (!top.s_axi_control_bvalid) simulation->tick();
    simulation->tick();
}

uint32_t kernel_simulation_read(kernel_simulation *simulation, uint32_t offset) {
    Vkernel &top = simulation->top;
    top.s_axi_control_araddr = offset;
    top.s_axi_control_arvalid = 1;
    top.s_axi_control_rready = 1;
    top.eval();
    while (!top.s_axi_control_arready) simulation->tick();
    simulation->tick();
    top.s_axi_control_arvalid = 0;
    while (!top.s_axi_control_rvalid) simulation->tick();
    uint32_t value = top.s_axi_control_rdata;
    simulation->tick();
    return value;
}

int kernel_simulation_run(kernel_simulation *simulation, uint32_t clocks) {
    for (uint32_t i = 0; i < clocks && !simulation->top.INTERRUPT; i++) simulation->tick();
    return simulation->top.INTERRUPT;
}

uint64_t kernel_simulation_clocks(const kernel_simulation *simulation) {
    return simulation->clocks;
}

const char *kernel_simulation_violation(const kernel_simulation *simulation) {
    const char *rule = simulation->reads.violation();
    return rule ? rule : simulation->writes.violation();
}
