"""DPO, ORPO and SimPO on one trainer, the prompt of a pair computed once for both answers."""
