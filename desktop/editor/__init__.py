"""The editor: clips on the waveform, their list, the transport, how loud the mix is."""
