// The kernel: reads events, starts one each clock in the model's pipeline, writes what comes out.
//
//     gmem0 -> reader -> datapath -> fifo -> writer -> gmem1
//
// The reader asks for an event only when the fifo has a place for its results, so nothing behind
// it ever has to stop. An event is one beat of both buses.

`timescale 1 ns / 1 ps
`default_nettype none
`include "configuration.vh"

module `KERNEL_NAME (
    input  wire         ap_clk,
    input  wire         ap_rst_n,
    output wire         interrupt,

    input  wire [11:0]  s_axi_control_awaddr,
    input  wire [2:0]   s_axi_control_awprot,
    input  wire         s_axi_control_awvalid,
    output wire         s_axi_control_awready,
    input  wire [31:0]  s_axi_control_wdata,
    input  wire [3:0]   s_axi_control_wstrb,
    input  wire         s_axi_control_wvalid,
    output wire         s_axi_control_wready,
    output wire [1:0]   s_axi_control_bresp,
    output wire         s_axi_control_bvalid,
    input  wire         s_axi_control_bready,
    input  wire [11:0]  s_axi_control_araddr,
    input  wire [2:0]   s_axi_control_arprot,
    input  wire         s_axi_control_arvalid,
    output wire         s_axi_control_arready,
    output wire [31:0]  s_axi_control_rdata,
    output wire [1:0]   s_axi_control_rresp,
    output wire         s_axi_control_rvalid,
    input  wire         s_axi_control_rready,

    output wire [0:0]   m_axi_gmem0_arid,
    output wire [63:0]  m_axi_gmem0_araddr,
    output wire [7:0]   m_axi_gmem0_arlen,
    output wire [2:0]   m_axi_gmem0_arsize,
    output wire [1:0]   m_axi_gmem0_arburst,
    output wire [0:0]   m_axi_gmem0_arlock,
    output wire [3:0]   m_axi_gmem0_arcache,
    output wire [2:0]   m_axi_gmem0_arprot,
    output wire [3:0]   m_axi_gmem0_arqos,
    output wire [3:0]   m_axi_gmem0_arregion,
    output wire         m_axi_gmem0_arvalid,
    input  wire         m_axi_gmem0_arready,
    input  wire [0:0]   m_axi_gmem0_rid,
    input  wire [`INPUT_BYTES*8-1:0] m_axi_gmem0_rdata,
    input  wire [1:0]   m_axi_gmem0_rresp,
    input  wire         m_axi_gmem0_rlast,
    input  wire         m_axi_gmem0_rvalid,
    output wire         m_axi_gmem0_rready,

    output wire [0:0]   m_axi_gmem1_awid,
    output wire [63:0]  m_axi_gmem1_awaddr,
    output wire [7:0]   m_axi_gmem1_awlen,
    output wire [2:0]   m_axi_gmem1_awsize,
    output wire [1:0]   m_axi_gmem1_awburst,
    output wire [0:0]   m_axi_gmem1_awlock,
    output wire [3:0]   m_axi_gmem1_awcache,
    output wire [2:0]   m_axi_gmem1_awprot,
    output wire [3:0]   m_axi_gmem1_awqos,
    output wire [3:0]   m_axi_gmem1_awregion,
    output wire         m_axi_gmem1_awvalid,
    input  wire         m_axi_gmem1_awready,
    output wire [`OUTPUT_BYTES*8-1:0] m_axi_gmem1_wdata,
    output wire [`OUTPUT_BYTES-1:0] m_axi_gmem1_wstrb,
    output wire         m_axi_gmem1_wlast,
    output wire         m_axi_gmem1_wvalid,
    input  wire         m_axi_gmem1_wready,
    input  wire [0:0]   m_axi_gmem1_bid,
    input  wire [1:0]   m_axi_gmem1_bresp,
    input  wire         m_axi_gmem1_bvalid,
    output wire         m_axi_gmem1_bready
);
    // Events on their way: enough to keep a memory busy that answers after 400 clocks.
    localparam FIFO_DEPTH = 512;
    localparam INPUT_SIZE = $clog2(`INPUT_BYTES);
    localparam OUTPUT_SIZE = $clog2(`OUTPUT_BYTES);

    // What AXI says of every burst: addresses rise, ordinary access, may be buffered and cached.
    assign m_axi_gmem0_arid = 0;
    assign m_axi_gmem0_arsize = INPUT_SIZE[2:0];
    assign m_axi_gmem0_arburst = 2'b01;
    assign m_axi_gmem0_arlock = 0;
    assign m_axi_gmem0_arcache = 4'b0011;
    assign m_axi_gmem0_arprot = 0;
    assign m_axi_gmem0_arqos = 0;
    assign m_axi_gmem0_arregion = 0;
    assign m_axi_gmem1_awid = 0;
    assign m_axi_gmem1_awsize = OUTPUT_SIZE[2:0];
    assign m_axi_gmem1_awburst = 2'b01;
    assign m_axi_gmem1_awlock = 0;
    assign m_axi_gmem1_awcache = 4'b0011;
    assign m_axi_gmem1_awprot = 0;
    assign m_axi_gmem1_awqos = 0;
    assign m_axi_gmem1_awregion = 0;
    assign m_axi_gmem1_wstrb = {`OUTPUT_BYTES{1'b1}};

    wire reset = !ap_rst_n;
    wire start, finish;
    wire [63:0] input_address, output_address;
    wire [31:0] events;
    wire read_error, write_error;

    control control (
        .clock(ap_clk), .reset(reset), .interrupt(interrupt),
        .awaddr(s_axi_control_awaddr), .awvalid(s_axi_control_awvalid),
        .awready(s_axi_control_awready), .wdata(s_axi_control_wdata),
        .wstrb(s_axi_control_wstrb), .wvalid(s_axi_control_wvalid),
        .wready(s_axi_control_wready), .bresp(s_axi_control_bresp),
        .bvalid(s_axi_control_bvalid), .bready(s_axi_control_bready),
        .araddr(s_axi_control_araddr), .arvalid(s_axi_control_arvalid),
        .arready(s_axi_control_arready), .rdata(s_axi_control_rdata),
        .rresp(s_axi_control_rresp), .rvalid(s_axi_control_rvalid),
        .rready(s_axi_control_rready),
        .start(start), .finish(finish), .input_address(input_address),
        .output_address(output_address), .events(events),
        .read_error(read_error), .write_error(write_error)
    );

    wire event_valid, result_valid, result_taken, result_ready;
    wire [`INPUT_BYTES*8-1:0] event_words;
    wire [`OUTPUT_BYTES*8-1:0] result_words;

    reader #(.BYTES(`INPUT_BYTES), .CREDITS(FIFO_DEPTH)) reader (
        .clock(ap_clk), .reset(reset), .start(start), .address(input_address),
        .events(events), .returned(result_taken),
        .araddr(m_axi_gmem0_araddr), .arlen(m_axi_gmem0_arlen),
        .arvalid(m_axi_gmem0_arvalid), .arready(m_axi_gmem0_arready),
        .rdata(m_axi_gmem0_rdata), .rresp(m_axi_gmem0_rresp),
        .rvalid(m_axi_gmem0_rvalid), .rready(m_axi_gmem0_rready),
        .event_valid(event_valid), .event_words(event_words), .error(read_error)
    );

    datapath datapath (.clock(ap_clk), .words(event_words), .results(result_words));

    delay #(.CLOCKS(`PIPELINE_CLOCKS)) delay (
        .clock(ap_clk), .reset(reset), .in(event_valid), .out(result_valid)
    );

    fifo #(.WIDTH(`OUTPUT_BYTES*8), .DEPTH(FIFO_DEPTH)) fifo (
        .clock(ap_clk), .reset(reset), .put(result_valid), .in(result_words),
        .ready(result_ready), .take(result_taken), .out(m_axi_gmem1_wdata)
    );

    writer #(.BYTES(`OUTPUT_BYTES), .MAXIMUM_WAITING(FIFO_DEPTH)) writer (
        .clock(ap_clk), .reset(reset), .start(start), .address(output_address),
        .events(events), .arrived(result_valid), .ready(result_ready), .take(result_taken),
        .awaddr(m_axi_gmem1_awaddr), .awlen(m_axi_gmem1_awlen),
        .awvalid(m_axi_gmem1_awvalid), .awready(m_axi_gmem1_awready),
        .wlast(m_axi_gmem1_wlast), .wvalid(m_axi_gmem1_wvalid),
        .wready(m_axi_gmem1_wready), .bresp(m_axi_gmem1_bresp),
        .bvalid(m_axi_gmem1_bvalid), .bready(m_axi_gmem1_bready),
        .finish(finish), .error(write_error)
    );
endmodule

`default_nettype wire
