"""What services share: the events they tell each other (`events`) and the mechanism they run on (`chassis`)."""
